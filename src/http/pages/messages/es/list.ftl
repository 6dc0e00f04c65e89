# La portada y la página de una lista.
front-title = { $site }: consultar una dirección
front-heading = ¿Se rechazó su correo con un enlace a este sitio?
front-lead = Los servidores de correo preguntan a { $site } por la dirección que quiere entregarles un mensaje, y deciden por sí mismos qué hacer con la respuesta. Consulte la dirección que aparece en el rechazo: la página dice si está listada, por qué y qué puede hacer usted.
front-you = Usted nos visita desde { $address }. Su correo quizá salga de otra dirección: la del servidor de correo de su proveedor.
front-look-you = Consultar { $address }
lists-heading = Las listas
lists-none = Aquí todavía no se sirve ninguna lista.
servers-heading = Para servidores de correo
servers-how = Las listas se consultan por DNS. En Postfix, por ejemplo:
zones-caption = Zonas que se sirven aquí
zones-zone = Zona
zones-lists = Listas que contiene
zones-contact = Contacto
zones-alone = Cada lista se sirve también sola, con su nombre debajo de la zona, por ejemplo { $example }.
zones-hashes = hashes de direcciones de correo, para filtros como rspamd
api-link = Para programas: la API
front-networks = ¿Gestiona una red? Aquí puede indicar cuáles de sus direcciones son conexiones de clientes y qué deben hacer sus clientes, y decidir sobre las peticiones para sus direcciones. Puede entrar en { $page }.
front-claim = Dé de alta su red

list-title = La lista { $list }
list-criteria = Qué se lista
list-entries = Entradas
list-covered = Direcciones cubiertas

list-codes = Respuesta en el DNS
list-served = Se consulta como
list-leaving = Cómo termina una entrada
leave-operator = La quita un operador.
leave-expires = Por sí sola: { $span } después de que su fuente la nombrara por última vez. Algunas entradas llevan una fecha propia, que muestra la página de la dirección.
leave-dated = En su propia fecha, si la entrada lleva una: la muestra la página de la dirección.
leave-source = Cuando su fuente la quita o deja de nombrarla.
leave-exempt = Cuando un operador la exceptúa: escriba al contacto de abajo y nombre lo que está listado. No cuesta nada.
list-questions = Preguntas y correcciones:
list-if-listed = Si usted está en la lista
list-sources = Fuentes
sources-none = Ninguna fuente ha escrito todavía en esta lista.
sources-source = Fuente
sources-entries = Entradas
sources-complete = Completa por última vez
sources-single = escribe entradas sueltas

# Gráficos, a partir del diario.
trend-heading = Cómo ha cambiado
trend-summary = Desde el { $day } entraron { $added } entradas y salieron { $removed }. Los días son en UTC; se cuentan las entradas de todas las fuentes.
trend-size = Entradas al final del día
trend-size-range = de { $low } a { $high }
trend-moves = Lo que entró y lo que salió
trend-moves-range = hasta { $high } al día: sobre la línea lo que entró, debajo lo que salió
trend-title = { $day }: { $size } entradas, entraron { $added }, salieron { $removed }
trend-numbers = Lo mismo en cifras
trend-day = Día
trend-added = Entraron
trend-removed = Salieron
