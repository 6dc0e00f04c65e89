# Die Karte dessen, was gelistet ist.
map-heading = Was gelistet ist, als Karte
map-heading-list = Was { $list } listet, als Karte
map-listed = { $number ->
    [one] { $number } IPv4-Adresse ist hier gelistet.
   *[other] { $number } IPv4-Adressen sind hier gelistet.
}
map-how = Jeder Punkt ist ein Block von Adressen; je heller er ist, desto mehr davon sind gelistet. Nachbarn stehen nebeneinander (die Reihenfolge ist eine Hilbert-Kurve). Wählen Sie ein Quadrat, um näher hinzusehen.
map-grain = Jeder Punkt ist ein { $size }.
map-label = Karte von { $part }. { $listed } Die Tabelle darunter sagt dasselbe in Zahlen.
map-square = { $part }: { $number ->
    [0] nichts gelistet
    [one] { $number } Adresse gelistet
   *[other] { $number } Adressen gelistet
}
map-list = Liste
map-all = Alle Listen
map-at = Adressen, die so beginnen
map-show = Zeigen
map-outer = Zurück zu: { $part }
map-whole = ganze Karte
map-fullest = Die vollsten Blöcke
map-nothing = Hier ist nichts gelistet.
map-part = Block
map-count = Gelistete Adressen
map-share-of = Anteil am Block
map-share = { $percent } %
map-share-least = unter 0,01 %
map-none = keine
map-between = { $from } bis { $to }
map-full = alle
map-unread = Dieser Teil der Karte lässt sich nicht lesen. Schreiben Sie den Anfang einer IPv4-Adresse: 192, 192.0 oder eine ganze Adresse.
map-link = Auf einer Karte ansehen
