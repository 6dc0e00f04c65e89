# Die erste Seite und die Seite einer Liste.
front-title = { $site }: eine Adresse nachsehen
front-heading = Wurde Ihre Mail mit einem Link hierher abgelehnt?
front-lead = Mailserver fragen { $site } nach der Adresse, die ihnen eine Mail übergeben will, und entscheiden selbst, was sie mit der Antwort tun. Sehen Sie die Adresse nach, die in der Ablehnung steht: Die Seite sagt, ob sie gelistet ist, warum, und was Sie tun können.
front-you = Sie besuchen uns von { $address } aus. Ihre Mail geht vielleicht von einer anderen Adresse aus: der des Mailservers Ihres Anbieters.
front-look-you = { $address } nachsehen
lists-heading = Die Listen
lists-none = Hier wird noch keine Liste bedient.
servers-heading = Für Mailserver
servers-how = Die Listen werden über DNS abgefragt. In Postfix zum Beispiel:
zones-caption = Zonen, die hier bedient werden
zones-zone = Zone
zones-lists = Listen darin
zones-contact = Kontakt
zones-alone = Jede Liste gibt es auch allein, unter ihrem Namen unterhalb der Zone, zum Beispiel { $example }.
zones-hashes = Hashes von Mailadressen, für Filter wie rspamd
api-link = Für Programme: die API
front-networks = Betreiben Sie ein Netz? Hier können Sie sagen, welche Ihrer Adressen Kundenanschlüsse sind und was Ihre Kunden tun sollen, und über Anfragen zu Ihren Adressen entscheiden. Anmelden können Sie sich unter { $page }.
front-claim = Ihr Netz eintragen

list-title = Die Liste { $list }
list-criteria = Was gelistet wird
list-entries = Einträge
list-covered = Abgedeckte Adressen

list-codes = Antwort im DNS
list-served = Zu fragen als
list-leaving = Wie ein Eintrag endet
leave-operator = Ein Betreiber streicht ihn.
leave-expires = Von selbst: { $span } nachdem seine Quelle ihn zuletzt genannt hat. Manche Einträge tragen ein eigenes Datum; die Seite der Adresse zeigt es.
leave-dated = An seinem eigenen Datum, wenn der Eintrag eines trägt: Die Seite der Adresse zeigt es.
leave-source = Wenn seine Quelle ihn streicht oder nicht mehr nennt.
leave-exempt = Wenn ein Betreiber ihn ausnimmt: Schreiben Sie dem Kontakt unten und nennen Sie, was gelistet ist. Das kostet nichts.
list-questions = Fragen und Berichtigungen:
list-if-listed = Wenn Sie auf der Liste stehen
list-sources = Quellen
sources-none = Noch keine Quelle hat in diese Liste geschrieben.
sources-source = Quelle
sources-entries = Einträge
sources-complete = Zuletzt vollständig
sources-single = schreibt einzelne Einträge

# Diagramme, aus dem Journal.
trend-heading = Wie sie sich verändert hat
trend-summary = Seit dem { $day } kamen { $added } Einträge hinzu, { $removed } gingen. Die Tage sind in UTC; gezählt werden die Einträge aller Quellen.
trend-size = Einträge am Ende des Tages
trend-size-range = von { $low } bis { $high }
trend-moves = Was kam und was ging
trend-moves-range = bis zu { $high } am Tag: über der Linie, was kam, darunter, was ging
trend-title = { $day }: { $size } Einträge, { $added } kamen, { $removed } gingen
trend-numbers = Dasselbe in Zahlen
trend-day = Tag
trend-added = Kamen
trend-removed = Gingen
