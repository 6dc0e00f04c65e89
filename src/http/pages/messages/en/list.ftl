# The front page and the page of one list.
front-title = { $site }: look up an address
front-heading = Was your mail refused with a link to this place?
front-lead = Mail servers ask { $site } about the address that wants to hand them a mail, and decide for themselves what to do with the answer. Look up the address that stands in the refusal: the page says whether it is listed, why, and what you can do.
front-you = You are visiting from { $address }. Your mail may leave from another address: that of your provider's mail server.
front-look-you = Look up { $address }
lists-heading = The lists
lists-none = No list is served here yet.
servers-heading = For mail servers
servers-how = The lists are asked over DNS. In Postfix, for example:
zones-caption = Zones that are served here
zones-zone = Zone
zones-lists = Lists in it
zones-contact = Contact
zones-alone = Each list is also served alone, under its own name below the zone, such as { $example }.
zones-hashes = hashes of mail addresses, for filters such as rspamd
api-link = For programs: the API
front-networks = Do you run a network? Here you can say which of your addresses are customers' connections and what your customers should do, and decide on requests for your addresses. Sign in at { $page }.
front-claim = Enter your network

list-title = The list { $list }
list-criteria = What gets listed
list-entries = Entries
list-covered = Addresses covered

list-codes = Answer in DNS
list-served = Served as
list-leaving = How an entry leaves
leave-operator = An operator takes it off.
leave-expires = By itself: { $span } after its source last named it. Some entries carry a date of their own, which the page of the address shows.
leave-dated = At its own date, if the entry carries one: the page of the address shows it.
leave-source = When its source takes it off, or no longer names it.
leave-exempt = When an operator exempts it: write to the contact below and name what is listed. It costs nothing.
list-questions = Questions and corrections:
list-if-listed = If you are listed
list-sources = Sources
sources-none = No source has written to this list yet.
sources-source = Source
sources-entries = Entries
sources-complete = Last complete
sources-single = writes single entries

# Charts, from the journal.
trend-heading = How it has changed
trend-summary = Since { $day }, { $added } entries came and { $removed } went. Days are in UTC; the entries of all sources are counted.
trend-size = Entries at the end of the day
trend-size-range = from { $low } to { $high }
trend-moves = What came and what went
trend-moves-range = up to { $high } a day: above the line what came, below it what went
trend-title = { $day }: { $size } entries, { $added } came, { $removed } went
trend-numbers = The same in numbers
trend-day = Day
trend-added = Came
trend-removed = Went
