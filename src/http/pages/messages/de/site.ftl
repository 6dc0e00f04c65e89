# Was um jede Seite herum steht.
site-skip = Zum Inhalt springen
site-parts = Bereiche dieser Website
site-language = Sprache
nav-lookup = Nachsehen
nav-lists = Listen
nav-map = Karte
nav-api = API
site-closing = Dieser Dienst schließt
site-closing-text = Ab { $day } ist in { $zone } nichts mehr gelistet. Wenn Sie einen Mailserver betreiben, der dort nachfragt, nehmen Sie die Zone jetzt aus seinen Einstellungen.
site-state = Stand { $serial }
site-contact = Kontakt:
site-privacy = Datenschutz
title-of = { $page } · { $site }

form-label = Adresse, Domain oder Hash
form-button = Nachsehen

day-of = { $day }. { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
} { $year }
moment = { $day }, { $clock } UTC ({ $distance })
time-ago = vor { $span }
time-ahead = in { $span }
span-moment = weniger als eine Minute
span-minutes = { $number ->
    [one] { $number } Minute
   *[other] { $number } Minuten
}
span-hours = { $number ->
    [one] { $number } Stunde
   *[other] { $number } Stunden
}
span-days = { $number ->
    [one] { $number } Tag
   *[other] { $number } Tage
}
span-years = { $number ->
    [one] { $number } Jahr
   *[other] { $number } Jahre
}
far-moment = weniger als einer Minute
far-minutes = { $number ->
    [one] { $number } Minute
   *[other] { $number } Minuten
}
far-hours = { $number ->
    [one] { $number } Stunde
   *[other] { $number } Stunden
}
far-days = { $number ->
    [one] { $number } Tag
   *[other] { $number } Tagen
}
far-years = { $number ->
    [one] { $number } Jahr
   *[other] { $number } Jahren
}
entries = { $number ->
    [one] { $number } Eintrag
   *[other] { $number } Einträge
}

nowhere-heading = Hier ist nichts
nowhere-text = Unter dieser Adresse gibt es keine Seite. Sehen Sie hier nach, weshalb Sie gekommen sind:
nowhere-gone = Diese Seite gibt es nicht oder nicht mehr.
nowhere-form = Hier wird nur angenommen, was ein Formular abschickt. Es hat sich nichts geändert.
slow-heading = Einen Moment, bitte
slow-text = Von Ihrer Adresse kamen in kurzer Zeit viele Anfragen. Bitte versuchen Sie es in { $span } noch einmal.
fault-heading = Das hat nicht geklappt
fault-text = Der Fehler liegt bei uns, nicht bei Ihnen. Bitte versuchen Sie es gleich noch einmal.
examples = Das kann man nachsehen:
examples-hash = oder den Hash einer Mailadresse, wie er in der Ablehnung steht.
form-heading = Dieses Formular wurde nicht angenommen
form-foreign = Es kam, soweit Ihr Browser sagt, nicht von einer Seite dieses Dienstes. Das schützt Sie: Sonst könnte eine fremde Seite etwas in Ihrem Namen abschicken. Es hat sich nichts geändert.
form-old = Dieses Formular ist zu alt, um noch angenommen zu werden. Haben Sie es schon einmal abgeschickt, gilt das weiter; sonst schicken Sie es bitte noch einmal ab.
form-used = Dieses Formular wurde schon angenommen, und ein zweites Mal zählt es nicht. Haben Sie noch nicht gesehen, was daraus wurde, laden Sie diese Seite gleich noch einmal. Schicken Sie es nur dann noch einmal ab, wenn Sie neu anfragen möchten.
form-unread = Es war nicht lesbar: Etwas darin fehlt, ist zu lang oder entstellt. Es hat sich nichts geändert.
form-next = Öffnen Sie das Formular hier noch einmal und schicken Sie es von dort ab.
form-again = Das Formular noch einmal öffnen
look-again = Noch einmal nachsehen
form-look = Sehen Sie die Adresse oder den Namen unten nach; die Seite führt zum Formular.
