# El mapa de lo que está listado.
map-heading = Lo que está listado, en un mapa
map-heading-list = Lo que contiene { $list }, en un mapa
map-listed = { $number ->
    [one] Aquí está listada { $number } dirección IPv4.
   *[other] Aquí están listadas { $number } direcciones IPv4.
}
map-how = Cada punto es un bloque de direcciones; cuanto más claro, más de ellas están listadas. Los vecinos están uno al lado del otro (el orden es una curva de Hilbert). Elija un cuadrado para mirar más de cerca.
map-grain = Cada punto es un { $size }.
map-label = Mapa de { $part }. { $listed } La tabla de abajo dice lo mismo en cifras.
map-square = { $part }: { $number ->
    [0] nada listado
    [one] { $number } dirección listada
   *[other] { $number } direcciones listadas
}
map-list = Lista
map-all = Todas las listas
map-at = Direcciones que empiezan por
map-show = Mostrar
map-outer = Volver a: { $part }
map-whole = todo el mapa
map-fullest = Los bloques más llenos
map-nothing = Aquí no hay nada listado.
map-part = Bloque
map-count = Direcciones listadas
map-share-of = Parte del bloque
map-share = { $percent } %
map-share-least = menos del 0,01 %
map-none = ninguna
map-between = de { $from } a { $to }
map-full = todas
map-unread = Esa parte del mapa no se puede leer. Escriba el comienzo de una dirección IPv4: 192, 192.0 o una dirección entera.
map-link = Verla en un mapa
