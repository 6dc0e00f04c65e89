# The map of what is listed.
map-heading = What is listed, as a map
map-heading-list = What { $list } lists, as a map
map-listed = { $number ->
    [one] { $number } IPv4 address is listed here.
   *[other] { $number } IPv4 addresses are listed here.
}
map-how = Each point is a block of addresses, and the brighter it is, the more of them are listed. Neighbours stand side by side (the order is a Hilbert curve). Choose a square to look closer.
map-grain = Each point is a { $size }.
map-label = Map of { $part }. { $listed } The table below says the same in numbers.
map-square = { $part }: { $number ->
    [0] nothing listed
    [one] { $number } address listed
   *[other] { $number } addresses listed
}
map-list = List
map-all = All lists
map-at = Addresses that begin with
map-show = Show
map-outer = Back to { $part }
map-whole = the whole map
map-fullest = The fullest blocks
map-nothing = Nothing is listed here.
map-part = Block
map-count = Listed addresses
map-share-of = Share of the block
map-share = { $percent } %
map-share-least = under 0.01 %
map-none = none
map-between = { $from } to { $to }
map-full = all
map-unread = That part of the map cannot be read. Write the beginning of an IPv4 address: 192, 192.0, or a whole address.
map-link = See it on a map
