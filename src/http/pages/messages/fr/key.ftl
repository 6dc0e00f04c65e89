# La page d’une adresse, d’un nom ou d’une empreinte.
listed-in = { $number ->
    [one] Sur 1 liste : { $lists }
   *[other] Sur { $number } listes : { $lists }
}
listed-dynamic = C’est la connexion d’un client. Votre courrier passe s’il est envoyé par le serveur de votre fournisseur de messagerie : voici comment, plus bas.
listed-other = Les serveurs de messagerie qui interrogent ce site peuvent refuser du courrier pour cela. Plus bas : ce que vous pouvez faire, comment cela prend fin, et pourquoi.
listed-until = L’entrée prend fin d’elle-même le { $moment }, sauf si la cause est revue.
test-state = Entrée de test
test-text = C’est une entrée de test : elle est toujours listée, pour que l’on puisse tester les serveurs de messagerie. Elle ne dit rien d’aucune machine ni de personne.
clear-state = Pas listée
clear-text = Rien n’est dit ici de { $key }.
past-state = N’est plus listée
past-text = { $key } n’est pas listée. Elle l’a été dans { $list } jusqu’au { $moment }, et c’est terminé.
exempt-state = Exemptée : pas listée
exempt-text = { $key } est exemptée : quoi que dise une entrée plus large, elle n’est pas listée.
exempt-own = { $key } est exemptée : ce qui en est dit plus bas n’a pas d’effet maintenant.
exempt-alone = { $key } est exemptée, et rien d’autre n’en est dit.
exempt-ends = L’exemption prend fin le { $moment }. Si l’entrée existe encore à ce moment, elle est de nouveau listée.
exempt-keeps = Cela reste ainsi même quand la plage plus large est réécrite.
still-heading = Si du courrier a quand même été refusé
still-step-1 = Relisez le refus : il dit qui refuse, et souvent quelle liste a été interrogée. Il existe beaucoup de listes, et ce site ne connaît que les siennes.
still-step-2 = Vérifiez que c’est bien l’adresse du refus : le courrier part le plus souvent du serveur de votre fournisseur, pas de votre propre connexion.
still-step-3 = S’il est encore refusé, écrivez au postmaster du domaine de votre destinataire, par une autre voie s’il le faut, et montrez-lui le refus.
still-later = Renvoyez le message dans { $span } : le serveur qui l’a refusé peut garder une réponse plus ancienne aussi longtemps.

never-state = Pas listée, et ne le sera jamais
never-text = Aucune liste d’ici ne peut la contenir, quoi qu’il en soit dit.
never-private = C’est une adresse pour réseaux privés : votre routeur donne de telles adresses aux appareils de la maison ou du bureau. Le reste du monde en voit une autre.
never-carrier = C’est une adresse qu’un fournisseur utilise dans son propre réseau, entre votre routeur et Internet. Le reste du monde en voit une autre.
never-itself = C’est l’adresse par laquelle une machine se parle à elle-même. Elle désigne pour chacun une autre machine.
never-local = C’est une adresse qu’un appareil se donne en attendant d’en recevoir une vraie. Elle ne vaut que sur son propre réseau.
never-group = Ce n’est pas l’adresse d’une seule machine.
never-operator = Un responsable de ce site l’a laissée hors de toutes les listes.
never-next = Vérifiez l’adresse qui figure dans le refus de votre courrier.
never-you = Vous nous rendez visite depuis { $address } : vérifiez celle-là.

wider-entry = Liste { $list }, par l’entrée { $entry }
own-entry = Liste { $list }
heading-then = Ce qui se passe ensuite
heading-why = Pourquoi elle est listée
ends-at = L’entrée prend fin d’elle-même le { $moment }, sauf si la cause est revue avant.
ends-several = Plusieurs sources le disent. La dernière de leurs entrées prend fin d’elle-même le { $moment }, sauf si la cause est revue avant.
ends-undated = L’entrée n’a pas de date : elle reste jusqu’à ce que sa source la retire ({ $sources }).
ends-removal = Un retrait accordé fait aussi sortir { $key } de la liste.
ends-test = Un retrait accordé ou un test qui ne trouve rien fait aussi sortir { $key } de la liste.
write-to = Si vous pensez que c’est une erreur, ou que la cause a disparu, écrivez au contact en nommant { $key }. Cela ne coûte rien, et personne ici ne prend jamais d’argent pour cela :
provider-heading = Ce que dit votre réseau
provider-smarthost = Votre réseau indique ce serveur pour le courrier sortant : { $smarthost }, port 587.
provider-page = Tout ce que { $network } dit ici

fact-source = Signalée par
fact-found = Ce qui a été trouvé
fact-evidence = Preuve
fact-since = Vue la première fois
fact-confirmed = Vue la dernière fois
fact-until = Prend fin
fact-undated = aucune date n’est fixée
fact-code = Réponse dans le DNS
fact-list = Liste
fact-entry = Entrée
fact-why = Motif

holes-never = Hors de toutes les listes
holes-heading = Exemptée
aside-heading = Ce qui en est dit et n’a pas d’effet maintenant
past-heading = Auparavant
past-list = Liste
past-from = Du
past-until = Au
past-why = Elle a pris fin parce que
past-exempted = { $list } (exemptée)
past-entry = par l’entrée { $entry }
left-expired = son temps était écoulé
left-changed = sa source dit maintenant autre chose
left-purged = l’exploitant a vidé la source
left-undone = l’exploitant est revenu sur une modification
left-outweighed = des preuves plus récentes sont arrivées
left-removed = sa source l’a retirée

dns-heading = Pour les administrateurs : ce que répond le DNS
dns-none = Aucune zone servie ici ne prend de clés de cette sorte.
dns-question = Question
dns-answer = Réponse
dns-not = pas listée
dns-text = TXT de { $list } :
dns-programs = Pour les programmes :
dns-json = la même chose en JSON
dns-history = son historique
another-heading = Vérifier autre chose

range-heading = C’est une plage d’adresses
range-text = { $range } contient beaucoup d’adresses, et chacune peut être listée ou non. Vérifiez celle qui figure dans le refus, par exemple { $first }.
mailbox-heading = C’est une adresse de messagerie
mailbox-hashes = Les adresses de messagerie ne sont gardées ici que sous forme d’empreintes ; on ne peut donc pas les vérifier en clair. Si le refus cite une empreinte, vérifiez celle-là.
mailbox-server = Si votre courrier a été refusé à cause du serveur qui l’a envoyé, vérifiez l’adresse de ce serveur : elle figure dans le refus, souvent entre crochets.
empty-heading = Que souhaitez-vous vérifier ?
empty-text = Tapez l’adresse qui figure dans le refus de votre courrier.
unread-heading = Cela ne peut pas être vérifié
unread-text = « { $asked } » n’est ni une adresse, ni un nom de domaine, ni une empreinte comme celles qui sont gardées ici.
unread-where = Le refus de votre courrier cite ce qu’il faut vérifier : le plus souvent quatre nombres séparés par des points.
found-inside = Il y a une adresse dans ce que vous avez écrit. Pensiez-vous à celle-ci ?
wrong-big = Un nombre d’une adresse IPv4 vaut au plus 255 ; ici figure { $part }.
wrong-zero = « { $part } » commence par un zéro, et les programmes le lisent de différentes façons. Écrivez le nombre sans lui.
wrong-count = { $number ->
    [one] Une adresse IPv4 a quatre nombres séparés par des points ; ici, il y en a un.
   *[other] Une adresse IPv4 a quatre nombres séparés par des points ; ici, il y en a { $number }.
}
wrong-colons = Cela ressemble à une adresse IPv6, mais ne se lit pas comme telle : elle a jusqu’à huit groupes d’au plus quatre des signes 0 à 9 et a à f, et « :: » une fois au plus.
wrong-long = C’est plus long que tout nom du DNS.
wrong-signs = Un nom de domaine se compose de lettres, de chiffres, de traits d’union et de points.
