# La carte de ce qui est listé.
map-heading = Ce qui est listé, sur une carte
map-heading-list = Ce que contient { $list }, sur une carte
map-listed = { $number ->
    [one] { $number } adresse IPv4 est listée ici.
   *[other] { $number } adresses IPv4 sont listées ici.
}
map-how = Chaque point est un bloc d’adresses ; plus il est clair, plus il y en a de listées. Les voisines sont côte à côte (l’ordre est une courbe de Hilbert). Choisissez un carré pour regarder de plus près.
map-grain = Chaque point est un { $size }.
map-label = Carte de { $part }. { $listed } Le tableau ci-dessous dit la même chose en chiffres.
map-square = { $part } : { $number ->
    [0] rien de listé
    [one] { $number } adresse listée
   *[other] { $number } adresses listées
}
map-list = Liste
map-all = Toutes les listes
map-at = Adresses qui commencent par
map-show = Afficher
map-outer = Retour : { $part }
map-whole = toute la carte
map-fullest = Les blocs les plus remplis
map-nothing = Rien n’est listé ici.
map-part = Bloc
map-count = Adresses listées
map-share-of = Part du bloc
map-share = { $percent } %
map-share-least = moins de 0,01 %
map-none = aucune
map-between = de { $from } à { $to }
map-full = toutes
map-unread = Cette partie de la carte ne peut pas être lue. Écrivez le début d’une adresse IPv4 : 192, 192.0 ou une adresse entière.
map-link = La voir sur une carte
