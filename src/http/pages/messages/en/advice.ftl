# What each kind of list says: its headline on the page of a key, what the list is, what a listing means, what can be done
# now, and what happens then. Nobody is accused; a listing says what was seen.
who-hash = A mail address with this hash
heading-home = What you can do now
heading-server = If you run the machine at this address
heading-domain = If the domain is yours
heading-mailbox = If you run the mail service of this address

dynamic-headline = { $key } is in a range for customers' connections
dynamic-about = Ranges that networks hand out to their customers: homes, mobile phones, offices. Being in it is no accusation.
dynamic-meaning = This is not an accusation: nobody says that you sent spam. The network that this address belongs to hands it out to its customers, and mail from such connections is expected to come through a mail provider's server, not straight from the customer.
dynamic-heading-home = At home, in an office or on the phone: what you can do now
dynamic-step-1 = In your mail program, let outgoing mail go through your mail provider's server: port 587 (or 465), with your user name and password. Your provider's help pages name the server.
dynamic-step-2 = Send the mail again.
dynamic-step-3 = If it is set up like that already, the refusal is about something else: the server that refused your mail should not look at this address then. Show the refusal to your mail provider.
dynamic-heading-server = If you run a mail server on this connection
dynamic-server-step-1 = Let it hand its mail to your provider's server (“smart host”, “relay host”). In Postfix: relayhost = [smtp.your-provider.example]:587, with a password.
dynamic-server-step-2 = If this address is assigned to you for good, ask your network to take it out of the range, and to give it a name of your own in reverse DNS.
dynamic-then = Nothing has to be taken off the list for that: mail that goes through your provider's server is judged by that server's address, not by this one.

compromised-headline = { $key } seems to be under somebody else's control
compromised-about = Addresses at which a machine seems to be controlled by somebody other than its owner.
compromised-meaning = From this address came mail or log-ins of a kind that its owner would hardly send: usually a program that got onto a computer, a phone, a router or a web site behind it, and works there unnoticed.
compromised-step-1 = If this is your home or office connection, several devices share the address. Update all of them, run a virus scan on each, and remove programs and browser extensions that you did not choose.
compromised-step-2 = Restart the router, install its update, and give it a new password.
compromised-step-3 = Then change the passwords of your mail accounts, from a device that you trust.
compromised-step-4 = You can go on sending meanwhile through your mail provider's server, port 587.
compromised-server-step-1 = Look for mail that you did not send: the mail queue, the mail log, scripts of web sites, accounts that log in from many countries.
compromised-server-step-2 = Update the system, the web sites and their plug-ins; change passwords and keys; remove what does not belong.
compromised-server-step-3 = Let nothing but the mail server open connections to port 25.
compromised-then = Once the cause is gone, nothing new is seen from the address and the entry comes to its end.
compromised-undated-then = Once the cause is gone, nothing new is seen from the address, and the entry has no reason to stay.

relay-headline = { $key } passes on mail from anyone to anyone
relay-about = Mail servers that pass on mail from anyone to anyone (open relays).
relay-meaning = The mail server at this address took a mail from a stranger for a stranger and passed it on. Whoever wants to hide uses such servers.
relay-step-1 = If you are a user of this server, show this page to whoever runs it. You can send through another provider's server meanwhile.
relay-server-step-1 = Let it pass on mail only for your own networks and for users who have logged in. In Postfix: smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination.
relay-server-step-2 = Check that mynetworks holds your own addresses only, and that no account with a guessed password sends.
relay-server-step-3 = Check older forms too: user%domain@here, here!user, and servers behind this one that trust it blindly.
relay-then = A server that refuses strangers' mail for strangers has no reason to stay here.

proxy-headline = { $key } is an open proxy
proxy-about = Addresses at which a proxy opens connections for anyone.
proxy-meaning = A proxy at this address opens connections for anyone who asks. Others send through it and hide behind this address.
proxy-step-1 = On a home connection this is often a program that shares the line (“free VPN”, “earn with your connection”) or a router with an open port. Remove the program; update and restart the router.
proxy-step-2 = You can go on sending meanwhile through your mail provider's server, port 587.
proxy-server-step-1 = Find the proxy (ports 1080, 3128, 8000, 8080 are usual) and let it serve your own network only, or with a password.
proxy-server-step-2 = Forbid it to connect to port 25.
proxy-server-step-3 = If you did not set up a proxy, the machine is under somebody else's control: update it, change its passwords, remove what does not belong.
proxy-then = Once the proxy serves strangers no more, the address has no reason to stay here.

spam-headline = { $key } has sent unwanted mail
spam-about = Addresses from which unwanted mail was received.
spam-meaning = Mail that its recipients did not want came from this address. The cause may be one account or one customer among many.
spam-step-1 = If this is your mail provider's server, show this page to your provider: it can find and stop the sender. You need not change anything yourself.
spam-step-2 = If it is your own connection, send through your mail provider's server, port 587, and check your devices for programs that send on their own.
spam-server-step-1 = Find the sender in the mail log: the times below help. Stop the account, and change its password.
spam-server-step-2 = Send to lists only who has confirmed the subscription; take those off who ask, and those whose mail bounces.
spam-server-step-3 = Read what arrives at abuse@ and postmaster@ of your domain.
spam-then = Once the sender is stopped, nothing new is seen from the address and the entry comes to its end.
spam-undated-then = Once the sender is stopped, nothing new is seen from the address, and the entry has no reason to stay.

domain-headline = { $key } appears in unwanted mail
domain-about = Domains that appear in unwanted mail: as its sender, in its links, or as the server behind them.
domain-meaning = This domain, or one above it, appeared in mail that its recipients did not want, as sender or in a link. It may be misused without its owner's knowledge.
domain-step-1 = If a mail of yours was refused because it contains a link to this domain, leave the link out, or name the site in words.
domain-step-2 = Do not enter passwords on a site that such a mail led you to.
domain-server-step-1 = Look for pages and files on the web site that you did not put there; update it and its plug-ins, and change its passwords.
domain-server-step-2 = Check the domain's DNS records for names that you do not know.
domain-server-step-3 = Publish SPF and DMARC records, so that others cannot send in the domain's name.
domain-then = Once the domain no longer appears in such mail, the entry comes to its end.
domain-undated-then = Once the domain no longer appears in such mail, the entry has no reason to stay.

new-domain-headline = { $key } was registered a short time ago
new-domain-about = Domains that were registered a short time ago.
new-domain-meaning = This is not an accusation. Most domains that are used for fraud are used within days of their registration, so some servers look twice at mail that names a very new domain.
new-domain-step-1 = Wait: the entry ends by itself. Until then, send important mail from an older domain of yours.
new-domain-undated-step-1 = For the time being, send important mail from an older domain of yours.
new-domain-server-step-1 = Use the days to publish SPF, DKIM and DMARC records, and start with little mail.
new-domain-then = Nobody has to do anything: the domain grows older, and the entry goes.
new-domain-undated-then = The domain grows older by itself, and the entry then has no reason to stay.

spf-abuse-headline = { $key } lets the whole world send in its name
spf-abuse-about = Domains whose SPF record allows practically every address to send in their name.
spf-abuse-meaning = The domain's SPF record says which machines may send mail in its name, and it allows nearly all there are. Fraudulent mail passes as genuine that way.
spf-abuse-step-1 = If you are a user of this domain, show this page to whoever runs it.
spf-abuse-server-step-1 = Look at the record (dig TXT of the domain). Take out +all, ?all, and ip4: or ip6: ranges that are not your own.
spf-abuse-server-step-2 = Let it end with -all or ~all, and name your mail provider's servers with include:.
spf-abuse-then = A record that names only your own servers has no reason to stay here.

mail-hash-headline = { $key } was used in unwanted mail
mail-hash-about = Mail addresses that are used in unwanted mail, kept as hashes: the addresses themselves are not stored.
mail-hash-meaning = A mail address with this hash stood in mail that its recipients did not want, usually as the address to which they were to reply.
mail-hash-step-1 = If it is your address, look for mail in your “sent” folder that you did not write, and for filters or forwards that you did not set.
mail-hash-step-2 = Change the password of the account, from a device that you trust, and switch on the second factor.
mail-hash-server-step-1 = Check the account's log-ins and what it sent, and stop it if it is used for fraud.
mail-hash-then = Once the address no longer appears in such mail, the entry comes to its end.
mail-hash-undated-then = Once the address no longer appears in such mail, the entry has no reason to stay.

never-criteria = Addresses and names that no list may hold.
never-about = Addresses and names that no list may hold: what it covers is never listed, however specific another entry is.
never-meaning = Nothing here is listed.
