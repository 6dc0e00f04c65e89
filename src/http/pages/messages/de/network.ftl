# Die Seiten eines Netzes, und wie Meldungen eine Adresse listen.
reports-heading = Wie Meldungen eine Adresse listen
reports-threshold = { $reporters ->
    [one] Fallen und Mailserver melden, was sie sehen. Eine Adresse wird gelistet, wenn die Meldungen eines Meldenden innerhalb von { $within } zusammen { $points } ergeben.
   *[other] Fallen und Mailserver melden, was sie sehen. Eine Adresse wird gelistet, wenn die Meldungen von mindestens { $reporters } Meldenden innerhalb von { $within } zusammen { $points } ergeben.
}
reports-decay = Ein Meldender trägt höchstens { $points } bei, wie oft er auch meldet; nach { $span } zählt eine Meldung halb.
reports-weighs = { $points }: { $kind }
reports-points = { $number ->
    [one] { $figure } Punkt
   *[other] { $figure } Punkte
}
reports-trap = Mail an eine Adresse, die niemand benutzt (Spamfalle)
reports-spam = Mail, die ein Filter oder ein Mensch Spam nennt
reports-auth = erratene Passwörter
reports-relay = Mail, die für Fremde weitergereicht wird
reports-proxy = Verbindungen, die für Fremde weitergereicht werden
reports-own = Der eigenen Falle des Betreibers wird allein geglaubt: Für sie gilt weder diese Grenze noch die Zahl der Meldenden.
reports-ends = Der Eintrag endet { $span } nach der letzten Meldung.
reports-widen = Bei IPv6 listen { $count } gelistete /{ $from } in einem /{ $to } das ganze /{ $to }.
reports-spare = Manche Bereiche werden durch Meldungen nie gelistet, etwa die von Weiterleitern und großen Mailanbietern.
network-title = { $network }: seine Bereiche
network-lead = { $network } führt seine Adressbereiche in den Listen hier selbst: Was es dazu sagt, steht auf den Seiten seiner Adressen.
network-contact = Kontakt
network-prefixes = Präfixe
network-prefix = Präfix
network-proof = Nachweis
network-state = Stand
network-checked = Zuletzt geprüft
network-by-operator = vom Betreiber eingetragen
network-by-dns = TXT-Einträge im Reverse-DNS
network-claimed = beansprucht, noch nicht nachgewiesen
network-proven = nachgewiesen, wartet auf den Betreiber
network-active = in Kraft
network-lapsed = verfallen: die TXT-Einträge fehlen
network-ranges = Was es zu seinen Bereichen sagt
network-no-ranges = Noch nichts.
network-range = Bereich
network-text = Regeln, für Menschen, deren Mail abgelehnt wurde
network-smarthost = Server, über den Kunden senden
network-self = Kunden dürfen einzelne Adressen austragen
network-self-yes = Kunden dürfen einzelne Adressen selbst austragen.
network-self-no = Über einzelne Adressen entscheidet das Netz.
network-manage = Für das Netz: anmelden
network-sign-heading = Anmelden für { $network }
network-sign-text = Fügen Sie das Token des Netzes ein. Es bleibt nicht in Ihrem Browser: Ein Cookie steht dafür, bis eine halbe Stunde nach der letzten Benutzung.
network-token = Token
network-sign-in = Anmelden
network-sign-out = Abmelden
network-sign-wrong = Dieses Token gilt nicht für dieses Netz.
network-desk = { $network }: Ihre Bereiche
network-save = Speichern
network-remove = Entfernen
network-add = Einen Bereich hinzufügen
network-saved = Gespeichert.
network-listed = Gelistet innerhalb Ihrer Präfixe
network-listed-none = Innerhalb Ihrer Präfixe ist nichts gelistet.
network-listed-more = Das sind die ersten { $count }; die CSV-Datei enthält alle.
network-csv = Alle als CSV
network-key = Schlüssel
network-list = Liste
network-source = Quelle
network-reason = Grund
network-hole = ausgenommen
network-seen = Zuletzt gesehen
network-requests = Anfragen, die zu entscheiden sind
network-requests-none = Keine Anfrage wartet auf Sie.
network-asked = Gefragt
network-note = Was gesagt wird
network-why = Warum (wird mitgeteilt)
network-accept = Austragen
network-decline = Gelistet lassen
network-granted = Austragungen, die gelten
network-take-back = Zurücknehmen
network-clear-heading = Dieses Token wird hier nicht angenommen
network-clear-text = Es wäre unverschlüsselt durch das Netz gegangen, oder der Betreiber nimmt Tokens nur an einer anderen Adresse an. Öffnen Sie diese Seite mit https:// oder fragen Sie den Betreiber; haben Sie das Token auf einer Seite ohne https eingegeben, so lassen Sie es ersetzen.
