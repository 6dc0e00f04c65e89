# The page of one address, name or hash.
listed-in = { $number ->
    [one] Listed in 1 list: { $lists }
   *[other] Listed in { $number } lists: { $lists }
}
listed-dynamic = It is a customer's connection. Your mail goes through when it is sent through your mail provider's server: below is how.
listed-other = Mail servers that ask here may refuse mail because of it. Below is what you can do, how it ends, and why it is so.
listed-until = It ends by itself on { $moment }, unless the cause is seen again.
test-state = Test entry
test-text = This is a test entry: it is always listed, so that mail servers can be tested. It says nothing about any machine or person.
clear-state = Not listed
clear-text = Nothing is said about { $key } here.
past-state = Not listed any more
past-text = { $key } is not listed. It was listed in { $list } until { $moment }, and that is over.
exempt-state = Exempted: not listed
exempt-text = { $key } is exempted: whatever a wider entry says, it is not listed.
exempt-own = { $key } is exempted: what is said about it below is not in force now.
exempt-alone = { $key } is exempted, and nothing else is said about it.
exempt-ends = The exemption ends on { $moment }. If the entry still stands then, it is listed again.
exempt-keeps = That stays so when the wider range is written anew.
still-heading = If mail was refused all the same
still-step-1 = Look at the refusal again: it names who refuses, and often which list was asked. There are many lists, and this place knows only its own.
still-step-2 = Check that this is the address in the refusal: mail usually leaves from your provider's mail server, not from your own connection.
still-step-3 = If it is refused again, write to the postmaster of the domain that you wrote to, by another way than mail if need be, and show the refusal.
still-later = Send the mail again in { $span }: the server that refused it may remember an older answer so long.

never-state = Not listed, and never will be
never-text = No list here may hold it, whatever else is said about it.
never-private = It is an address for private networks: your router gives such addresses to the devices at home or in the office. The rest of the world sees another one.
never-carrier = It is an address that a provider uses inside its own network, between your router and the Internet. The rest of the world sees another one.
never-itself = It is the address by which a machine speaks to itself. It means another machine for everybody.
never-local = It is an address that a device gives itself until it gets a real one. It works on its own network only.
never-group = It is no address of a single machine.
never-operator = An operator of this place has left it out of every list.
never-next = Look up the address that stands in the refusal of your mail.
never-you = You are visiting from { $address }: look that up.

wider-entry = List { $list }, by the entry { $entry }
own-entry = List { $list }
heading-then = What happens then
heading-why = Why it is listed
ends-at = The entry ends by itself on { $moment }, unless the cause is seen again before.
ends-several = Several sources say so. The last of their entries ends by itself on { $moment }, unless the cause is seen again before.
ends-undated = The entry has no date: it stays until its source, { $sources }, takes it off.
ends-removal = A removal that is granted also takes { $key } off the list.
ends-test = A removal that is granted, or a test that finds nothing, also takes { $key } off the list.
write-to = If you think that it is wrong, or that the cause is gone, write to the contact and name { $key }. It costs nothing, and nobody here ever takes money for it:
provider-heading = What your network says
provider-smarthost = Your network names this server for outgoing mail: { $smarthost }, port 587.
provider-page = All that { $network } says here

fact-source = Reported by
fact-found = What was found
fact-evidence = Evidence
fact-since = First seen
fact-confirmed = Last seen
fact-until = Ends
fact-undated = no date is set
fact-code = Answer in DNS
fact-list = List
fact-entry = Entry
fact-why = Reason

holes-never = Left out of every list
holes-heading = Exempted
aside-heading = What is said about it, and is not in force now
past-heading = Earlier
past-list = List
past-from = From
past-until = Until
past-why = It ended because
past-exempted = { $list } (exempted)
past-entry = by the entry { $entry }
left-expired = its time was over
left-changed = its source says something else now
left-purged = the operator emptied the source
left-undone = the operator took a change back
left-outweighed = newer evidence came
left-removed = its source took it off

dns-heading = For administrators: what DNS answers
dns-none = No zone that is served here takes keys of this kind.
dns-question = Question
dns-answer = Answer
dns-not = not listed
dns-text = TXT of { $list }:
dns-programs = For programs:
dns-json = the same as JSON
dns-history = its history
another-heading = Look up another

# What cannot be looked up: what was wrong with it.
range-heading = This is a range of addresses
range-text = { $range } holds many addresses, and each may be listed or not. Look up the one that stands in the refusal, such as { $first }.
mailbox-heading = This is a mail address
mailbox-hashes = Mail addresses are kept here only as hashes, so they cannot be looked up in clear. If the refusal names a hash, look that up.
mailbox-server = If your mail was refused because of the server that sent it, look up the address of that server: it stands in the refusal, often in brackets.
empty-heading = What would you like to look up?
empty-text = Type the address that stands in the refusal of your mail.
unread-heading = This cannot be looked up
unread-text = “{ $asked }” is not an address, a domain name or a hash as they are kept here.
unread-where = The refusal of your mail names what to look up: usually four numbers with dots between them.
found-inside = There is an address in what you wrote. Did you mean this one?
wrong-big = A number in an IPv4 address is at most 255; here stands { $part }.
wrong-zero = “{ $part }” begins with a zero, and programs read that in different ways. Write the number without it.
wrong-count = { $number ->
    [one] An IPv4 address has four numbers with dots between them; here stands one.
   *[other] An IPv4 address has four numbers with dots between them; here stand { $number }.
}
wrong-colons = It looks like an IPv6 address, but it cannot be read as one: it has up to eight groups of up to four of the signs 0 to 9 and a to f, and “::” at most once.
wrong-long = It is longer than any name in DNS.
wrong-signs = A domain name consists of letters, digits, hyphens and dots.
