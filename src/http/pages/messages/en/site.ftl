# What stands around every page.
site-skip = Skip to the content
site-parts = Parts of this site
site-language = Language
nav-lookup = Look up
nav-lists = Lists
nav-map = Map
nav-api = API
site-closing = This service is closing
site-closing-text = From { $day } on nothing is listed in { $zone } any more. If you run a mail server that asks it, take it out of your settings now.
site-state = state { $serial }
site-contact = Contact:
site-privacy = Privacy
title-of = { $page } · { $site }

form-label = Address, domain or hash
form-button = Look up

# Times. “far” is what stands after “in”, “after” or before “ago”.
day-of = { $day } { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
} { $year }
moment = { $day }, { $clock } UTC ({ $distance })
time-ago = { $span } ago
time-ahead = in { $span }
span-moment = less than a minute
span-minutes = { $number ->
    [one] { $number } minute
   *[other] { $number } minutes
}
span-hours = { $number ->
    [one] { $number } hour
   *[other] { $number } hours
}
span-days = { $number ->
    [one] { $number } day
   *[other] { $number } days
}
span-years = { $number ->
    [one] { $number } year
   *[other] { $number } years
}
far-moment = less than a minute
far-minutes = { $number ->
    [one] { $number } minute
   *[other] { $number } minutes
}
far-hours = { $number ->
    [one] { $number } hour
   *[other] { $number } hours
}
far-days = { $number ->
    [one] { $number } day
   *[other] { $number } days
}
far-years = { $number ->
    [one] { $number } year
   *[other] { $number } years
}
entries = { $number ->
    [one] { $number } entry
   *[other] { $number } entries
}

# Pages that say what went wrong.
nowhere-heading = There is nothing here
nowhere-text = This address leads to no page. Look up what you came for:
nowhere-gone = There is no such page, or no longer.
nowhere-form = Only what a form sends is taken here. Nothing was changed.
slow-heading = One moment, please
slow-text = Many requests came from your address in a short time. Please try again in { $span }.
fault-heading = That did not work
fault-text = This is a fault of ours, not of yours. Please try again in a moment.
examples = These can be looked up:
examples-hash = or the hash of a mail address, as it stands in the refusal.
form-heading = This form was not taken
form-foreign = It did not come from a page of this site, as far as your browser says. This protects you: another site could otherwise send something in your name. Nothing was changed.
form-old = This form is too old to be taken. If you had sent it already, that counts; if not, please send it once more.
form-used = This form was taken already, and is not taken twice. If you have not seen what came of it, load this page again in a moment. Send it once more only if you want to ask anew.
form-unread = It could not be read: something in it is missing, too long or garbled. Nothing was changed.
form-next = Open the form here again and send it from there.
form-again = Open the form again
look-again = Look again
form-look = Look up the address or name below; its page leads to the form.
