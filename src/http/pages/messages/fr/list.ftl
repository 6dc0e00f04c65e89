# La première page et la page d’une liste.
front-title = { $site } : vérifier une adresse
front-heading = Votre courrier a été refusé avec un lien vers ce site ?
front-lead = Les serveurs de messagerie interrogent { $site } sur l’adresse qui veut leur remettre un message, et décident eux-mêmes que faire de la réponse. Vérifiez l’adresse qui figure dans le refus : la page dit si elle est listée, pourquoi, et ce que vous pouvez faire.
front-you = Vous nous rendez visite depuis { $address }. Votre courrier part peut-être d’une autre adresse : celle du serveur de messagerie de votre fournisseur.
front-look-you = Vérifier { $address }
lists-heading = Les listes
lists-none = Aucune liste n’est encore servie ici.
servers-heading = Pour les serveurs de messagerie
servers-how = Les listes s’interrogent par le DNS. Dans Postfix, par exemple :
zones-caption = Zones servies ici
zones-zone = Zone
zones-lists = Listes qu’elle contient
zones-contact = Contact
zones-alone = Chaque liste est aussi servie seule, sous son nom au-dessous de la zone, par exemple { $example }.
zones-hashes = empreintes d’adresses de messagerie, pour des filtres comme rspamd
api-link = Pour les programmes : l’API
front-networks = Vous exploitez un réseau ? Vous pouvez dire ici lesquelles de vos adresses sont des connexions de clients et ce que vos clients doivent faire, et décider des demandes pour vos adresses. Vous pouvez vous connecter sur { $page }.
front-claim = Inscrivez votre réseau

list-title = La liste { $list }
list-criteria = Ce qui est listé
list-entries = Entrées
list-covered = Adresses couvertes

list-codes = Réponse dans le DNS
list-served = À interroger comme
list-leaving = Comment une entrée prend fin
leave-operator = Un exploitant la retire.
leave-expires = D’elle-même : { $span } après que sa source l’a nommée pour la dernière fois. Certaines entrées portent leur propre date, que montre la page de l’adresse.
leave-dated = À sa propre date, si l’entrée en porte une : la page de l’adresse la montre.
leave-source = Quand sa source la retire ou ne la nomme plus.
leave-exempt = Quand un exploitant l’exempte : écrivez au contact ci-dessous en nommant ce qui est listé. Cela ne coûte rien.
list-questions = Questions et corrections :
list-if-listed = Si vous êtes sur la liste
list-sources = Sources
sources-none = Aucune source n’a encore écrit dans cette liste.
sources-source = Source
sources-entries = Entrées
sources-complete = Complète la dernière fois
sources-single = écrit des entrées isolées

# Graphiques, d’après le journal.
trend-heading = Comment elle a évolué
trend-summary = Depuis le { $day }, { $added } entrées sont arrivées et { $removed } sont parties. Les jours sont en UTC ; les entrées de toutes les sources sont comptées.
trend-size = Entrées à la fin du jour
trend-size-range = de { $low } à { $high }
trend-moves = Ce qui est arrivé et ce qui est parti
trend-moves-range = jusqu’à { $high } par jour : au-dessus de la ligne ce qui est arrivé, au-dessous ce qui est parti
trend-title = { $day } : { $size } entrées, { $added } arrivées, { $removed } parties
trend-numbers = La même chose en chiffres
trend-day = Jour
trend-added = Arrivées
trend-removed = Parties
