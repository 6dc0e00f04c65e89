# La página de una dirección, un nombre o un hash.
listed-in = { $number ->
    [one] En 1 lista: { $lists }
   *[other] En { $number } listas: { $lists }
}
listed-dynamic = Es la conexión de un cliente. Su correo llega si lo envía por el servidor de su proveedor de correo: abajo se explica cómo.
listed-other = Los servidores de correo que consultan aquí pueden rechazar correo por ello. Abajo está lo que usted puede hacer, cómo termina y por qué es así.
listed-until = Termina por sí sola el { $moment }, si la causa no vuelve a verse.
test-state = Entrada de prueba
test-text = Es una entrada de prueba: siempre está listada para que se puedan probar los servidores de correo. No dice nada de ninguna máquina ni persona.
clear-state = No listada
clear-text = Aquí no se dice nada de { $key }.
past-state = Ya no está listada
past-text = { $key } no está listada. Estuvo en la lista { $list } hasta el { $moment }, y eso ya terminó.
exempt-state = Exceptuada: no listada
exempt-text = { $key } está exceptuada: diga lo que diga una entrada más amplia, no está listada.
exempt-own = { $key } está exceptuada: lo que se dice de ella abajo no tiene efecto ahora.
exempt-alone = { $key } está exceptuada, y no se dice nada más de ella.
exempt-ends = La excepción termina el { $moment }. Si la entrada sigue entonces, vuelve a la lista.
exempt-keeps = Sigue así aunque el rango más amplio se escriba de nuevo.
still-heading = Si a pesar de todo se rechazó su correo
still-step-1 = Mire otra vez el rechazo: dice quién rechaza y, a menudo, qué lista se consultó. Hay muchas listas, y este sitio solo conoce las suyas.
still-step-2 = Compruebe que esta es la dirección del rechazo: el correo suele salir del servidor de su proveedor, no de su propia conexión.
still-step-3 = Si vuelve a rechazarse, escriba al postmaster del dominio al que escribió, por otra vía si hace falta, y enséñele el rechazo.
still-later = Envíe el mensaje otra vez dentro de { $span }: el servidor que lo rechazó puede recordar una respuesta anterior durante ese tiempo.

never-state = No listada, y nunca lo estará
never-text = Ninguna lista de aquí puede contenerla, se diga lo que se diga.
never-private = Es una dirección para redes privadas: su router da direcciones así a los aparatos de casa o de la oficina. El resto del mundo ve otra.
never-carrier = Es una dirección que un proveedor usa dentro de su propia red, entre su router e Internet. El resto del mundo ve otra.
never-itself = Es la dirección con la que una máquina habla consigo misma. Para cada uno significa una máquina distinta.
never-local = Es una dirección que un aparato se da a sí mismo hasta que recibe una de verdad. Solo vale en su propia red.
never-group = No es la dirección de una sola máquina.
never-operator = Un operador de este sitio la ha dejado fuera de todas las listas.
never-next = Consulte la dirección que aparece en el rechazo de su correo.
never-you = Usted nos visita desde { $address }: consulte esa.

wider-entry = Lista { $list }, por la entrada { $entry }
own-entry = Lista { $list }
heading-then = Qué pasa después
heading-why = Por qué está listada
ends-at = La entrada termina por sí sola el { $moment }, si la causa no vuelve a verse antes.
ends-several = Lo dicen varias fuentes. La última de sus entradas termina por sí sola el { $moment }, si la causa no vuelve a verse antes.
ends-undated = La entrada no tiene fecha: permanece hasta que su fuente la quite ({ $sources }).
ends-removal = Una retirada concedida también saca { $key } de la lista.
ends-test = Una retirada concedida o una prueba que no encuentra nada también saca { $key } de la lista.
write-to = Si cree que es un error, o que la causa ya no existe, escriba al contacto y nombre { $key }. No cuesta nada, y aquí nadie cobra nunca por ello:
provider-heading = Lo que dice su red
provider-smarthost = Su red indica este servidor para el correo saliente: { $smarthost }, puerto 587.
provider-page = Todo lo que { $network } dice aquí

fact-source = Comunicado por
fact-found = Qué se encontró
fact-evidence = Prueba
fact-since = Visto por primera vez
fact-confirmed = Visto por última vez
fact-until = Termina
fact-undated = no hay fecha
fact-code = Respuesta en el DNS
fact-list = Lista
fact-entry = Entrada
fact-why = Motivo

holes-never = Fuera de todas las listas
holes-heading = Exceptuada
aside-heading = Lo que se dice de ella y ahora no tiene efecto
past-heading = Antes
past-list = Lista
past-from = Desde
past-until = Hasta
past-why = Terminó porque
past-exempted = { $list } (exceptuada)
past-entry = por la entrada { $entry }
left-expired = se acabó su plazo
left-changed = su fuente dice ahora otra cosa
left-purged = el operador vació la fuente
left-undone = el operador deshizo un cambio
left-outweighed = llegaron pruebas más recientes
left-removed = su fuente la quitó

dns-heading = Para administradores: qué responde el DNS
dns-none = Ninguna zona servida aquí admite claves de esta clase.
dns-question = Pregunta
dns-answer = Respuesta
dns-not = no listada
dns-text = TXT de { $list }:
dns-programs = Para programas:
dns-json = lo mismo en JSON
dns-history = su historial
another-heading = Consultar otra

range-heading = Esto es un rango de direcciones
range-text = { $range } contiene muchas direcciones, y cada una puede estar listada o no. Consulte la que aparece en el rechazo, por ejemplo { $first }.
mailbox-heading = Esto es una dirección de correo
mailbox-hashes = Las direcciones de correo se guardan aquí solo como hashes, así que no se pueden consultar en claro. Si el rechazo nombra un hash, consulte ese hash.
mailbox-server = Si su correo se rechazó por el servidor que lo envió, consulte la dirección de ese servidor: aparece en el rechazo, a menudo entre corchetes.
empty-heading = ¿Qué quiere consultar?
empty-text = Escriba la dirección que aparece en el rechazo de su correo.
unread-heading = Esto no se puede consultar
unread-text = «{ $asked }» no es una dirección, un nombre de dominio ni un hash como los que se guardan aquí.
unread-where = El rechazo de su correo nombra lo que hay que consultar: casi siempre cuatro números separados por puntos.
found-inside = En lo que ha escrito hay una dirección. ¿Se refería a esta?
wrong-big = Un número de una dirección IPv4 es como mucho 255; aquí pone { $part }.
wrong-zero = «{ $part }» empieza por cero, y los programas lo leen de distintas maneras. Escriba el número sin él.
wrong-count = { $number ->
    [one] Una dirección IPv4 tiene cuatro números separados por puntos; aquí hay uno.
   *[other] Una dirección IPv4 tiene cuatro números separados por puntos; aquí hay { $number }.
}
wrong-colons = Parece una dirección IPv6, pero no se puede leer como tal: tiene hasta ocho grupos de hasta cuatro de los signos 0 a 9 y a a f, y «::» una vez como mucho.
wrong-long = Es más largo que cualquier nombre del DNS.
wrong-signs = Un nombre de dominio se compone de letras, cifras, guiones y puntos.
