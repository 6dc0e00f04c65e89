# The pages of a network, and how reports list an address.
reports-heading = How reports list an address
reports-threshold = { $reporters ->
    [one] Traps and mail servers report what they see. An address is listed when the reports of one reporter within { $within } come to { $points }.
   *[other] Traps and mail servers report what they see. An address is listed when the reports of at least { $reporters } reporters within { $within } come to { $points }.
}
reports-decay = One reporter adds at most { $points }, however often it reports; after { $span } a report counts half.
reports-weighs = { $points }: { $kind }
reports-points = { $number ->
    [one] { $figure } point
   *[other] { $figure } points
}
reports-trap = mail to an address that nobody uses (a spam trap)
reports-spam = mail that a filter or a person calls spam
reports-auth = guessed passwords
reports-relay = mail passed on for strangers
reports-proxy = connections passed on for strangers
reports-own = The operator's own trap is believed alone: neither that limit nor the number of reporters holds for it.
reports-ends = The listing ends { $span } after the last report.
reports-widen = In IPv6, { $count } listed /{ $from } inside one /{ $to } list that /{ $to }.
reports-spare = Some ranges are never listed by reports, such as those of forwarders and large mail providers.
network-title = { $network }: its ranges
network-lead = { $network } runs its address ranges in the lists here: what it says of them stands on the pages of its addresses.
network-contact = Contact
network-prefixes = Prefixes
network-prefix = Prefix
network-proof = Proof
network-state = State
network-checked = Last checked
network-by-operator = entered by the operator
network-by-dns = TXT records in reverse DNS
network-claimed = claimed, not yet proven
network-proven = proven, waits for the operator
network-active = in force
network-lapsed = lapsed: the TXT records are gone
network-ranges = What it says of its ranges
network-no-ranges = Nothing yet.
network-range = Range
network-text = Policy, for people whose mail was refused
network-smarthost = Server that customers send through
network-self = Customers may take single addresses off
network-self-yes = Customers may take single addresses off themselves.
network-self-no = For single addresses the network decides.
network-manage = For the network: sign in
network-sign-heading = Sign in for { $network }
network-sign-text = Paste the network's token. It is not kept in your browser: a cookie stands for it, for half an hour from its last use.
network-token = Token
network-sign-in = Sign in
network-sign-out = Sign out
network-sign-wrong = This token is not in force for this network.
network-desk = { $network }: your ranges
network-save = Save
network-remove = Remove
network-add = Add a range
network-saved = Saved.
network-listed = Listed inside your prefixes
network-listed-none = Nothing is listed inside your prefixes.
network-listed-more = These are the first { $count }; the CSV has all.
network-csv = All as CSV
network-key = Key
network-list = List
network-source = Source
network-reason = Reason
network-hole = exempt
network-seen = Last seen
network-requests = Requests to decide
network-requests-none = No request waits for you.
network-asked = Asked
network-note = What they say
network-why = Why (they will read it)
network-accept = Take it off
network-decline = Leave it listed
network-granted = Removals that stand
network-take-back = Take it back
network-clear-heading = This token is not taken here
network-clear-text = It would have travelled over the network in clear, or the operator takes tokens at another address only. Open this page with https:// or ask the operator; if you typed the token on a page without https, have it replaced.
