# Was die Seiten zu jeder Art von Liste sagen. Niemand wird beschuldigt; ein Eintrag sagt, was gesehen wurde.
who-hash = Eine Mailadresse mit diesem Hash
heading-home = Was Sie jetzt tun können
heading-server = Wenn Sie den Rechner an dieser Adresse betreiben
heading-domain = Wenn Ihnen die Domain gehört
heading-mailbox = Wenn Sie den Maildienst dieser Adresse betreiben

dynamic-headline = { $key } liegt in einem Bereich für Kundenanschlüsse
dynamic-about = Bereiche, die Netze an ihre Kunden vergeben: Wohnungen, Handys, Büros. Darin zu liegen ist kein Vorwurf.
dynamic-meaning = Das ist kein Vorwurf: Niemand sagt, dass Sie Spam verschickt haben. Das Netz, zu dem diese Adresse gehört, vergibt sie an seine Kunden. Von solchen Anschlüssen wird erwartet, dass Mail über den Server eines Mailanbieters kommt und nicht direkt vom Anschluss.
dynamic-heading-home = Zu Hause, im Büro oder am Handy: was Sie jetzt tun können
dynamic-step-1 = Stellen Sie Ihr Mailprogramm so ein, dass es über den Server Ihres Mailanbieters sendet: Port 587 (oder 465), mit Benutzername und Passwort. Wie der Server heißt, steht auf den Hilfeseiten Ihres Anbieters.
dynamic-step-2 = Schicken Sie die Mail noch einmal.
dynamic-step-3 = Wenn es schon so eingestellt ist, liegt die Ablehnung an etwas anderem: Der Server, der Ihre Mail abgelehnt hat, dürfte dann gar nicht auf diese Adresse schauen. Zeigen Sie Ihrem Mailanbieter die Ablehnung.
dynamic-heading-server = Wenn Sie an diesem Anschluss einen Mailserver betreiben
dynamic-server-step-1 = Lassen Sie ihn seine Mail dem Server Ihres Anbieters übergeben („Smarthost“, „Relayhost“). In Postfix: relayhost = [smtp.ihr-anbieter.example]:587, mit Passwort.
dynamic-server-step-2 = Wenn Ihnen diese Adresse auf Dauer gehört, bitten Sie Ihr Netz, sie aus dem Bereich herauszunehmen und ihr im Reverse-DNS einen eigenen Namen zu geben.
dynamic-then = Dafür muss nichts von der Liste genommen werden: Mail, die über den Server Ihres Anbieters geht, wird nach dessen Adresse beurteilt, nicht nach dieser.

compromised-headline = { $key } scheint jemand anderes zu steuern
compromised-about = Adressen, an denen ein Rechner offenbar von jemand anderem als seinem Besitzer gesteuert wird.
compromised-meaning = Von dieser Adresse kamen Mails oder Anmeldungen, wie sie der Besitzer kaum schicken würde: meist ein Programm, das auf einen Computer, ein Handy, einen Router oder eine Website dahinter geraten ist und dort unbemerkt arbeitet.
compromised-step-1 = Wenn das Ihr Anschluss zu Hause oder im Büro ist, teilen sich mehrere Geräte die Adresse. Aktualisieren Sie alle, prüfen Sie jedes mit einem Virenscanner, und entfernen Sie Programme und Browser-Erweiterungen, die Sie nicht selbst gewählt haben.
compromised-step-2 = Starten Sie den Router neu, installieren Sie sein Update, und geben Sie ihm ein neues Passwort.
compromised-step-3 = Ändern Sie danach die Passwörter Ihrer Mailkonten, von einem Gerät aus, dem Sie vertrauen.
compromised-step-4 = Über den Server Ihres Mailanbieters, Port 587, können Sie inzwischen weiter Mail verschicken.
compromised-server-step-1 = Suchen Sie nach Mail, die Sie nicht verschickt haben: in der Warteschlange, im Maillog, in Skripten von Websites, bei Konten, die sich aus vielen Ländern anmelden.
compromised-server-step-2 = Aktualisieren Sie das System, die Websites und ihre Plug-ins; ändern Sie Passwörter und Schlüssel; entfernen Sie, was nicht dorthin gehört.
compromised-server-step-3 = Lassen Sie nur den Mailserver Verbindungen zu Port 25 öffnen.
compromised-then = Wenn die Ursache beseitigt ist, wird von der Adresse nichts Neues mehr gesehen, und der Eintrag läuft aus.
compromised-undated-then = Wenn die Ursache beseitigt ist, wird von der Adresse nichts Neues mehr gesehen, und der Eintrag hat keinen Grund mehr zu bleiben.

relay-headline = { $key } leitet Mail von allen an alle weiter
relay-about = Mailserver, die Mail von allen an alle weiterleiten (offene Relays).
relay-meaning = Der Mailserver an dieser Adresse hat die Mail eines Fremden an einen Fremden angenommen und weitergeleitet. Wer sich verstecken will, benutzt solche Server.
relay-step-1 = Wenn Sie diesen Server nur benutzen, zeigen Sie diese Seite denen, die ihn betreiben. Inzwischen können Sie über den Server eines anderen Anbieters senden.
relay-server-step-1 = Lassen Sie ihn nur für Ihre eigenen Netze und für angemeldete Benutzer weiterleiten. In Postfix: smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination.
relay-server-step-2 = Prüfen Sie, dass mynetworks nur Ihre eigenen Adressen enthält und dass kein Konto mit erratenem Passwort sendet.
relay-server-step-3 = Prüfen Sie auch ältere Schreibweisen: user%domain@hier, hier!user, und Server dahinter, die diesem blind vertrauen.
relay-then = Ein Server, der Mail von Fremden an Fremde ablehnt, hat keinen Grund, hier zu stehen.

proxy-headline = { $key } ist ein offener Proxy
proxy-about = Adressen, an denen ein Proxy für alle Verbindungen öffnet.
proxy-meaning = Ein Proxy an dieser Adresse öffnet Verbindungen für alle, die ihn darum bitten. Andere senden durch ihn und verstecken sich hinter dieser Adresse.
proxy-step-1 = An einem Heimanschluss ist das oft ein Programm, das die Leitung mit anderen teilt („kostenloses VPN“, „Geld verdienen mit Ihrem Anschluss“), oder ein Router mit einem offenen Port. Entfernen Sie das Programm; aktualisieren Sie den Router und starten Sie ihn neu.
proxy-step-2 = Über den Server Ihres Mailanbieters, Port 587, können Sie inzwischen weiter Mail verschicken.
proxy-server-step-1 = Suchen Sie den Proxy (üblich sind die Ports 1080, 3128, 8000, 8080) und lassen Sie ihn nur Ihr eigenes Netz bedienen, oder nur mit Passwort.
proxy-server-step-2 = Verbieten Sie ihm Verbindungen zu Port 25.
proxy-server-step-3 = Wenn Sie keinen Proxy eingerichtet haben, steuert jemand anderes den Rechner: Aktualisieren Sie ihn, ändern Sie die Passwörter, entfernen Sie, was nicht dorthin gehört.
proxy-then = Wenn der Proxy keine Fremden mehr bedient, hat die Adresse keinen Grund mehr, hier zu stehen.

spam-headline = { $key } hat unerwünschte Mail verschickt
spam-about = Adressen, von denen unerwünschte Mail kam.
spam-meaning = Von dieser Adresse kam Mail, die ihre Empfänger nicht wollten. Die Ursache kann ein Konto oder ein Kunde unter vielen sein.
spam-step-1 = Wenn das der Server Ihres Mailanbieters ist, zeigen Sie ihm diese Seite: Er kann den Absender finden und aufhalten. Sie selbst müssen nichts ändern.
spam-step-2 = Wenn es Ihr eigener Anschluss ist, senden Sie über den Server Ihres Mailanbieters, Port 587, und prüfen Sie Ihre Geräte auf Programme, die von sich aus senden.
spam-server-step-1 = Suchen Sie den Absender im Maillog: Die Zeiten unten helfen dabei. Sperren Sie das Konto, und ändern Sie sein Passwort.
spam-server-step-2 = Schreiben Sie über Verteiler nur denen, die ihre Anmeldung bestätigt haben; nehmen Sie heraus, wer darum bittet und wessen Mail zurückkommt.
spam-server-step-3 = Lesen Sie, was an abuse@ und postmaster@ Ihrer Domain ankommt.
spam-then = Wenn der Absender aufgehalten ist, wird von der Adresse nichts Neues mehr gesehen, und der Eintrag läuft aus.
spam-undated-then = Wenn der Absender aufgehalten ist, wird von der Adresse nichts Neues mehr gesehen, und der Eintrag hat keinen Grund mehr zu bleiben.

domain-headline = { $key } kommt in unerwünschter Mail vor
domain-about = Domains, die in unerwünschter Mail vorkommen: als Absender, in Links oder als Server dahinter.
domain-meaning = Diese Domain oder eine darüber kam in Mail vor, die ihre Empfänger nicht wollten, als Absender oder in einem Link. Vielleicht wird sie ohne Wissen des Besitzers missbraucht.
domain-step-1 = Wenn eine Mail von Ihnen abgelehnt wurde, weil sie einen Link zu dieser Domain enthält, lassen Sie den Link weg oder nennen Sie die Seite in Worten.
domain-step-2 = Geben Sie keine Passwörter auf einer Seite ein, zu der eine solche Mail Sie geführt hat.
domain-server-step-1 = Suchen Sie auf der Website nach Seiten und Dateien, die nicht von Ihnen sind; aktualisieren Sie sie und ihre Plug-ins, und ändern Sie die Passwörter.
domain-server-step-2 = Prüfen Sie die DNS-Einträge der Domain auf Namen, die Sie nicht kennen.
domain-server-step-3 = Veröffentlichen Sie SPF und DMARC, damit andere nicht im Namen der Domain senden können.
domain-then = Wenn die Domain nicht mehr in solcher Mail vorkommt, läuft der Eintrag aus.
domain-undated-then = Wenn die Domain nicht mehr in solcher Mail vorkommt, hat der Eintrag keinen Grund mehr zu bleiben.

new-domain-headline = { $key } wurde erst vor kurzem registriert
new-domain-about = Domains, die erst vor kurzem registriert wurden.
new-domain-meaning = Das ist kein Vorwurf. Die meisten Domains, mit denen betrogen wird, werden dafür wenige Tage nach ihrer Registrierung benutzt. Deshalb sehen manche Server bei sehr neuen Domains zweimal hin.
new-domain-step-1 = Warten Sie: Der Eintrag endet von selbst. Schicken Sie wichtige Mail bis dahin von einer älteren Domain.
new-domain-undated-step-1 = Schicken Sie wichtige Mail vorerst von einer älteren Domain.
new-domain-server-step-1 = Nutzen Sie die Tage, um SPF, DKIM und DMARC zu veröffentlichen, und beginnen Sie mit wenig Mail.
new-domain-then = Niemand muss etwas tun: Die Domain wird älter, und der Eintrag geht.
new-domain-undated-then = Die Domain wird von selbst älter, und dann hat der Eintrag keinen Grund mehr zu bleiben.

spf-abuse-headline = { $key } lässt die ganze Welt in ihrem Namen senden
spf-abuse-about = Domains, deren SPF-Eintrag praktisch jeder Adresse erlaubt, in ihrem Namen zu senden.
spf-abuse-meaning = Der SPF-Eintrag der Domain sagt, welche Rechner in ihrem Namen Mail senden dürfen, und er erlaubt es fast allen, die es gibt. Betrügerische Mail gilt so als echt.
spf-abuse-step-1 = Wenn Sie diese Domain nur benutzen, zeigen Sie diese Seite denen, die sie betreiben.
spf-abuse-server-step-1 = Sehen Sie sich den Eintrag an (dig TXT der Domain). Nehmen Sie +all und ?all heraus, und ip4:- und ip6:-Bereiche, die nicht Ihre sind.
spf-abuse-server-step-2 = Lassen Sie ihn auf -all oder ~all enden, und nennen Sie die Server Ihres Mailanbieters mit include:.
spf-abuse-then = Ein Eintrag, der nur Ihre eigenen Server nennt, hat keinen Grund, hier zu stehen.

mail-hash-headline = { $key } wurde in unerwünschter Mail benutzt
mail-hash-about = Mailadressen, die in unerwünschter Mail benutzt werden, als Hashes: Die Adressen selbst werden nicht gespeichert.
mail-hash-meaning = Eine Mailadresse mit diesem Hash stand in Mail, die ihre Empfänger nicht wollten, meist als die Adresse, an die sie antworten sollten.
mail-hash-step-1 = Wenn es Ihre Adresse ist, suchen Sie im Ordner „Gesendet“ nach Mail, die Sie nicht geschrieben haben, und nach Filtern oder Weiterleitungen, die nicht von Ihnen sind.
mail-hash-step-2 = Ändern Sie das Passwort des Kontos, von einem Gerät aus, dem Sie vertrauen, und schalten Sie den zweiten Faktor ein.
mail-hash-server-step-1 = Prüfen Sie die Anmeldungen des Kontos und was es gesendet hat, und sperren Sie es, wenn damit betrogen wird.
mail-hash-then = Wenn die Adresse nicht mehr in solcher Mail vorkommt, läuft der Eintrag aus.
mail-hash-undated-then = Wenn die Adresse nicht mehr in solcher Mail vorkommt, hat der Eintrag keinen Grund mehr zu bleiben.

never-criteria = Adressen und Namen, die auf keiner Liste stehen dürfen.
never-about = Adressen und Namen, die auf keiner Liste stehen dürfen: Was diese Liste abdeckt, ist nie gelistet, so genau ein anderer Eintrag auch ist.
never-meaning = Nichts davon ist gelistet.
