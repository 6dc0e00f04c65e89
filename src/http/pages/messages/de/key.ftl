# Die Seite einer Adresse, eines Namens oder eines Hashs.
listed-in = { $number ->
    [one] Auf 1 Liste: { $lists }
   *[other] Auf { $number } Listen: { $lists }
}
listed-dynamic = Das ist ein Kundenanschluss. Ihre Mail kommt durch, wenn sie über den Server Ihres Mailanbieters geht: Wie das geht, steht unten.
listed-other = Mailserver, die hier nachfragen, können deshalb Mail ablehnen. Unten steht, was Sie tun können, wie es endet und warum es so ist.
listed-until = Der Eintrag endet von selbst am { $moment }, wenn die Ursache nicht wieder gesehen wird.
test-state = Testeintrag
test-text = Das ist ein Testeintrag: Er ist immer gelistet, damit man Mailserver prüfen kann. Er sagt nichts über einen Rechner oder einen Menschen.
clear-state = Nicht gelistet
clear-text = Über { $key } wird hier nichts gesagt.
past-state = Nicht mehr gelistet
past-text = { $key } ist nicht gelistet. Bis { $moment } stand der Eintrag auf der Liste { $list }; das ist vorbei.
exempt-state = Ausgenommen: nicht gelistet
exempt-text = { $key } ist ausgenommen: Was auch immer ein weiter gefasster Eintrag sagt, hier ist nichts gelistet.
exempt-own = { $key } ist ausgenommen: Was unten darüber gesagt wird, gilt jetzt nicht.
exempt-alone = { $key } ist ausgenommen, und sonst wird nichts darüber gesagt.
exempt-ends = Die Ausnahme endet am { $moment }. Besteht der Eintrag dann noch, so wird wieder gelistet.
exempt-keeps = Das bleibt so, auch wenn der größere Bereich neu geschrieben wird.
still-heading = Wenn Mail trotzdem abgelehnt wurde
still-step-1 = Sehen Sie sich die Ablehnung noch einmal an: Sie nennt, wer ablehnt, und oft auch, welche Liste gefragt wurde. Es gibt viele Listen, und hier stehen nur die eigenen.
still-step-2 = Prüfen Sie, ob in der Ablehnung diese Adresse steht: Mail geht meist vom Mailserver Ihres Anbieters aus, nicht von Ihrem eigenen Anschluss.
still-step-3 = Wird sie wieder abgelehnt, wenden Sie sich an den Postmaster der Domain, an die Sie geschrieben haben, wenn nötig auf anderem Weg als per Mail, und zeigen Sie die Ablehnung.
still-later = Schicken Sie die Mail in { $span } noch einmal: So lange merkt sich der Server, der sie abgelehnt hat, vielleicht noch eine ältere Antwort.

never-state = Nicht gelistet, und das bleibt so
never-text = Keine Liste darf hier etwas dazu enthalten, was auch immer sonst gesagt wird.
never-private = Das ist eine Adresse für private Netze: Ihr Router gibt solche Adressen den Geräten zu Hause oder im Büro. Der Rest der Welt sieht eine andere.
never-carrier = Das ist eine Adresse, die ein Anbieter in seinem eigenen Netz benutzt, zwischen Ihrem Router und dem Internet. Der Rest der Welt sieht eine andere.
never-itself = Das ist die Adresse, unter der ein Rechner mit sich selbst spricht. Sie meint für jeden einen anderen Rechner.
never-local = Das ist eine Adresse, die sich ein Gerät selbst gibt, bis es eine richtige bekommt. Sie gilt nur in seinem eigenen Netz.
never-group = Das ist nicht die Adresse eines einzelnen Rechners.
never-operator = Ein Betreiber dieses Dienstes hat den Eintrag von allen Listen ausgenommen.
never-next = Sehen Sie die Adresse nach, die in der Ablehnung Ihrer Mail steht.
never-you = Sie besuchen uns von { $address } aus: Sehen Sie diese Adresse nach.

wider-entry = Liste { $list }, durch den Eintrag { $entry }
own-entry = Liste { $list }
heading-then = Was dann geschieht
heading-why = Warum der Eintrag besteht
ends-at = Der Eintrag endet von selbst am { $moment }, wenn die Ursache vorher nicht wieder gesehen wird.
ends-several = Mehrere Quellen sagen es. Der letzte ihrer Einträge endet von selbst am { $moment }, wenn die Ursache vorher nicht wieder gesehen wird.
ends-undated = Der Eintrag hat kein Datum: Er bleibt, bis seine Quelle ihn streicht ({ $sources }).
ends-removal = Auch eine gewährte Austragung nimmt { $key } von der Liste.
ends-test = Auch eine gewährte Austragung oder eine Prüfung ohne Befund nimmt { $key } von der Liste.
write-to = Wenn Sie meinen, dass er falsch ist oder die Ursache beseitigt, schreiben Sie dem Kontakt und nennen Sie { $key }. Das kostet nichts; hier nimmt dafür nie jemand Geld:
provider-heading = Was Ihr Netz dazu sagt
provider-smarthost = Ihr Netz nennt für ausgehende Mail diesen Server: { $smarthost }, Port 587.
provider-page = Alles, was { $network } hier sagt

fact-source = Gemeldet von
fact-found = Was gefunden wurde
fact-evidence = Beleg
fact-since = Zuerst gesehen
fact-confirmed = Zuletzt gesehen
fact-until = Endet
fact-undated = kein Datum gesetzt
fact-code = Antwort im DNS
fact-list = Liste
fact-entry = Eintrag
fact-why = Grund

holes-never = Von allen Listen ausgenommen
holes-heading = Ausgenommen
aside-heading = Was darüber gesagt wird und jetzt nicht gilt
past-heading = Früher
past-list = Liste
past-from = Von
past-until = Bis
past-why = Der Eintrag endete, weil
past-exempted = { $list } (ausgenommen)
past-entry = durch den Eintrag { $entry }
left-expired = seine Zeit um war
left-changed = seine Quelle jetzt etwas anderes sagt
left-purged = der Betreiber die Quelle geleert hat
left-undone = der Betreiber eine Änderung zurückgenommen hat
left-outweighed = neuere Belege kamen
left-removed = seine Quelle ihn gestrichen hat

dns-heading = Für Administratoren: was das DNS antwortet
dns-none = Keine Zone, die hier bedient wird, nimmt so etwas auf.
dns-question = Frage
dns-answer = Antwort
dns-not = nicht gelistet
dns-text = TXT von { $list }:
dns-programs = Für Programme:
dns-json = dasselbe als JSON
dns-history = der Verlauf
another-heading = Noch etwas nachsehen

range-heading = Das ist ein Bereich von Adressen
range-text = { $range } enthält viele Adressen, und jede kann gelistet sein oder nicht. Sehen Sie die nach, die in der Ablehnung steht, zum Beispiel { $first }.
mailbox-heading = Das ist eine Mailadresse
mailbox-hashes = Mailadressen werden hier nur als Hashes aufbewahrt, deshalb kann man sie nicht im Klartext nachsehen. Wenn die Ablehnung einen Hash nennt, sehen Sie den nach.
mailbox-server = Wenn Ihre Mail wegen des Servers abgelehnt wurde, der sie verschickt hat, sehen Sie die Adresse dieses Servers nach: Sie steht in der Ablehnung, oft in Klammern.
empty-heading = Was möchten Sie nachsehen?
empty-text = Geben Sie die Adresse ein, die in der Ablehnung Ihrer Mail steht.
unread-heading = Das kann man hier nicht nachsehen
unread-text = „{ $asked }“ ist keine Adresse, kein Domainname und kein Hash, wie sie hier aufbewahrt werden.
unread-where = In der Ablehnung Ihrer Mail steht, was Sie nachsehen können: meist vier Zahlen mit Punkten dazwischen.
found-inside = In dem, was Sie geschrieben haben, steht eine Adresse. Meinten Sie diese?
wrong-big = Eine Zahl in einer IPv4-Adresse ist höchstens 255; hier steht { $part }.
wrong-zero = „{ $part }“ beginnt mit einer Null, und das lesen Programme verschieden. Schreiben Sie die Zahl ohne sie.
wrong-count = { $number ->
    [one] Eine IPv4-Adresse hat vier Zahlen mit Punkten dazwischen; hier steht eine.
   *[other] Eine IPv4-Adresse hat vier Zahlen mit Punkten dazwischen; hier stehen { $number }.
}
wrong-colons = Es sieht wie eine IPv6-Adresse aus, lässt sich aber nicht so lesen: Sie hat bis zu acht Gruppen aus bis zu vier der Zeichen 0 bis 9 und a bis f, und „::“ höchstens einmal.
wrong-long = Es ist länger als jeder Name im DNS.
wrong-signs = Ein Domainname besteht aus Buchstaben, Ziffern, Bindestrichen und Punkten.
