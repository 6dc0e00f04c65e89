# Les pages d'un réseau, et comment des signalements inscrivent une adresse.
reports-heading = Comment des signalements inscrivent une adresse
reports-threshold = { $reporters ->
    [one] Des pièges et des serveurs de messagerie signalent ce qu'ils voient. Une adresse est inscrite quand les signalements d'une source en { $within } atteignent { $points }.
   *[other] Des pièges et des serveurs de messagerie signalent ce qu'ils voient. Une adresse est inscrite quand les signalements d'au moins { $reporters } sources en { $within } atteignent { $points }.
}
reports-decay = Une source apporte au plus { $points }, même si elle signale souvent ; après { $span } un signalement compte pour moitié.
reports-weighs = { $points } : { $kind }
reports-points = { $number ->
    [one] { $figure } point
   *[other] { $figure } points
}
reports-trap = courrier à une adresse que personne n'utilise (piège à spam)
reports-spam = courrier qu'un filtre ou une personne appelle spam
reports-auth = mots de passe devinés
reports-relay = courrier relayé pour des inconnus
reports-proxy = connexions relayées pour des inconnus
reports-own = Le piège de l'opérateur lui-même est cru seul : ni cette limite ni le nombre de sources ne valent pour lui.
reports-ends = L'inscription prend fin { $span } après le dernier signalement.
reports-widen = En IPv6, { $count } /{ $from } inscrits dans un /{ $to } inscrivent ce /{ $to }.
reports-spare = Certaines plages ne sont jamais inscrites par signalement, comme celles des réexpéditeurs et des grands fournisseurs.
network-title = { $network } : ses plages
network-lead = { $network } gère ici ses plages d'adresses : ce qu'il en dit figure sur les pages de ses adresses.
network-contact = Contact
network-prefixes = Préfixes
network-prefix = Préfixe
network-proof = Preuve
network-state = État
network-checked = Dernière vérification
network-by-operator = saisi par l'opérateur
network-by-dns = enregistrements TXT dans le DNS inverse
network-claimed = revendiqué, pas encore prouvé
network-proven = prouvé, attend l'opérateur
network-active = en vigueur
network-lapsed = caduc : les enregistrements TXT manquent
network-ranges = Ce qu'il dit de ses plages
network-no-ranges = Rien pour l'instant.
network-range = Plage
network-text = Règles, pour les personnes dont le courrier a été refusé
network-smarthost = Serveur par lequel les clients envoient
network-self = Les clients peuvent retirer des adresses isolées
network-self-yes = Les clients peuvent retirer eux-mêmes des adresses isolées.
network-self-no = Pour des adresses isolées, le réseau décide.
network-manage = Pour le réseau : se connecter
network-sign-heading = Se connecter pour { $network }
network-sign-text = Collez le jeton du réseau. Il ne reste pas dans votre navigateur : un cookie le représente, jusqu'à une demi-heure après le dernier usage.
network-token = Jeton
network-sign-in = Se connecter
network-sign-out = Se déconnecter
network-sign-wrong = Ce jeton n'est pas valable pour ce réseau.
network-desk = { $network } : vos plages
network-save = Enregistrer
network-remove = Retirer
network-add = Ajouter une plage
network-saved = Enregistré.
network-listed = Inscrit dans vos préfixes
network-listed-none = Rien n'est inscrit dans vos préfixes.
network-listed-more = Voici les { $count } premiers ; le CSV les contient tous.
network-csv = Tout en CSV
network-key = Clé
network-list = Liste
network-source = Source
network-reason = Motif
network-hole = exempté
network-seen = Vu la dernière fois
network-requests = Demandes à trancher
network-requests-none = Aucune demande ne vous attend.
network-asked = Demandé
network-note = Ce qui est dit
network-why = Pourquoi (ce sera lu)
network-accept = La retirer
network-decline = La laisser inscrite
network-granted = Retraits en vigueur
network-take-back = Le révoquer
network-clear-heading = Ce jeton n’est pas accepté ici
network-clear-text = Il aurait circulé en clair sur le réseau, ou l’exploitant n’accepte les jetons qu’à une autre adresse. Ouvrez cette page avec https:// ou demandez à l’exploitant ; si vous avez saisi le jeton sur une page sans https, faites-le remplacer.
