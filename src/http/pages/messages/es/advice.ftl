# Lo que las páginas dicen de cada clase de lista. No se acusa a nadie: una entrada dice lo que se vio.
who-hash = Una dirección de correo con este hash
heading-home = Qué puede hacer ahora
heading-server = Si usted administra la máquina de esta dirección
heading-domain = Si el dominio es suyo
heading-mailbox = Si usted administra el servicio de correo de esta dirección

dynamic-headline = { $key } está en un rango para conexiones de clientes
dynamic-about = Rangos que las redes reparten entre sus clientes: hogares, móviles, oficinas. Estar en él no es ninguna acusación.
dynamic-meaning = Esto no es una acusación: nadie dice que usted haya enviado spam. La red a la que pertenece esta dirección la reparte entre sus clientes, y se espera que el correo de esas conexiones llegue por el servidor de un proveedor de correo y no directamente del cliente.
dynamic-heading-home = En casa, en la oficina o con el móvil: qué puede hacer ahora
dynamic-step-1 = Configure su programa de correo para que envíe por el servidor de su proveedor de correo: puerto 587 (o 465), con su nombre de usuario y contraseña. Las páginas de ayuda de su proveedor indican el servidor.
dynamic-step-2 = Envíe el mensaje otra vez.
dynamic-step-3 = Si ya está configurado así, el rechazo se debe a otra cosa: en ese caso, el servidor que rechazó su correo no debería mirar esta dirección. Enseñe el rechazo a su proveedor de correo.
dynamic-heading-server = Si usted tiene un servidor de correo en esta conexión
dynamic-server-step-1 = Haga que entregue su correo al servidor de su proveedor («smart host», «relay host»). En Postfix: relayhost = [smtp.su-proveedor.example]:587, con contraseña.
dynamic-server-step-2 = Si esta dirección se le ha asignado de forma permanente, pida a su red que la saque del rango y que le dé un nombre propio en el DNS inverso.
dynamic-then = Para eso no hace falta quitar nada de la lista: el correo que pasa por el servidor de su proveedor se juzga por la dirección de ese servidor, no por esta.

compromised-headline = { $key } parece estar bajo el control de otra persona
compromised-about = Direcciones en las que una máquina parece controlada por alguien que no es su dueño.
compromised-meaning = Desde esta dirección llegaron mensajes o intentos de acceso que su dueño difícilmente enviaría: casi siempre es un programa que se coló en un ordenador, un teléfono, un router o un sitio web y que trabaja allí sin que nadie lo note.
compromised-step-1 = Si es la conexión de su casa u oficina, varios aparatos comparten la dirección. Actualícelos todos, analice cada uno con un antivirus y quite los programas y extensiones del navegador que usted no eligió.
compromised-step-2 = Reinicie el router, instale su actualización y póngale una contraseña nueva.
compromised-step-3 = Después cambie las contraseñas de sus cuentas de correo desde un aparato de confianza.
compromised-step-4 = Mientras tanto puede seguir enviando por el servidor de su proveedor de correo, puerto 587.
compromised-server-step-1 = Busque correo que usted no envió: en la cola, en el registro de correo, en los scripts de sitios web, en cuentas que entran desde muchos países.
compromised-server-step-2 = Actualice el sistema, los sitios web y sus complementos; cambie contraseñas y claves; quite lo que no deba estar allí.
compromised-server-step-3 = No deje que nada más que el servidor de correo abra conexiones al puerto 25.
compromised-then = Una vez eliminada la causa, no se ve nada nuevo desde la dirección y la entrada llega a su fin.
compromised-undated-then = Una vez eliminada la causa, no se ve nada nuevo desde la dirección y la entrada no tiene por qué seguir aquí.

relay-headline = { $key } reenvía correo de cualquiera a cualquiera
relay-about = Servidores de correo que reenvían correo de cualquiera a cualquiera (relés abiertos).
relay-meaning = El servidor de correo de esta dirección aceptó un mensaje de un desconocido para un desconocido y lo reenvió. Quien quiere esconderse usa servidores así.
relay-step-1 = Si usted solo usa este servidor, enseñe esta página a quien lo administra. Mientras tanto puede enviar por el servidor de otro proveedor.
relay-server-step-1 = Haga que reenvíe correo solo para sus propias redes y para usuarios que hayan iniciado sesión. En Postfix: smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination.
relay-server-step-2 = Compruebe que mynetworks solo contiene direcciones suyas y que ninguna cuenta con contraseña adivinada está enviando.
relay-server-step-3 = Compruebe también las formas antiguas: user%domain@aqui, aqui!user, y los servidores de detrás que confían ciegamente en este.
relay-then = Un servidor que rechaza el correo de desconocidos para desconocidos no tiene por qué seguir aquí.

proxy-headline = { $key } es un proxy abierto
proxy-about = Direcciones en las que un proxy abre conexiones para cualquiera.
proxy-meaning = Un proxy en esta dirección abre conexiones para quien se lo pida. Otros envían a través de él y se esconden detrás de esta dirección.
proxy-step-1 = En una conexión doméstica suele ser un programa que comparte la línea («VPN gratis», «gane dinero con su conexión») o un router con un puerto abierto. Quite el programa; actualice y reinicie el router.
proxy-step-2 = Mientras tanto puede seguir enviando por el servidor de su proveedor de correo, puerto 587.
proxy-server-step-1 = Busque el proxy (los puertos 1080, 3128, 8000 y 8080 son habituales) y haga que atienda solo a su propia red, o con contraseña.
proxy-server-step-2 = Prohíbale conectarse al puerto 25.
proxy-server-step-3 = Si usted no instaló ningún proxy, otra persona controla la máquina: actualícela, cambie sus contraseñas y quite lo que no deba estar allí.
proxy-then = Cuando el proxy ya no atienda a desconocidos, la dirección no tendrá por qué seguir aquí.

spam-headline = { $key } ha enviado correo no deseado
spam-about = Direcciones desde las que se recibió correo no deseado.
spam-meaning = Desde esta dirección llegó correo que sus destinatarios no querían. La causa puede ser una sola cuenta o un solo cliente entre muchos.
spam-step-1 = Si es el servidor de su proveedor de correo, enséñele esta página: él puede encontrar y detener al remitente. Usted no tiene que cambiar nada.
spam-step-2 = Si es su propia conexión, envíe por el servidor de su proveedor de correo, puerto 587, y revise sus aparatos en busca de programas que envíen por su cuenta.
spam-server-step-1 = Busque al remitente en el registro de correo: las horas de abajo ayudan. Detenga la cuenta y cambie su contraseña.
spam-server-step-2 = Escriba a listas solo a quien haya confirmado la suscripción; quite a quien lo pida y a quien le devuelva el correo.
spam-server-step-3 = Lea lo que llega a abuse@ y postmaster@ de su dominio.
spam-then = Una vez detenido el remitente, no se ve nada nuevo desde la dirección y la entrada llega a su fin.
spam-undated-then = Una vez detenido el remitente, no se ve nada nuevo desde la dirección y la entrada no tiene por qué seguir aquí.

domain-headline = { $key } aparece en correo no deseado
domain-about = Dominios que aparecen en correo no deseado: como remitente, en los enlaces o como el servidor que hay detrás.
domain-meaning = Este dominio, o uno por encima de él, apareció en correo que sus destinatarios no querían, como remitente o en un enlace. Puede que se abuse de él sin que su dueño lo sepa.
domain-step-1 = Si un mensaje suyo fue rechazado porque contiene un enlace a este dominio, quite el enlace o nombre el sitio con palabras.
domain-step-2 = No escriba contraseñas en un sitio al que le haya llevado un mensaje así.
domain-server-step-1 = Busque en el sitio web páginas y archivos que usted no puso allí; actualícelo junto con sus complementos y cambie sus contraseñas.
domain-server-step-2 = Revise los registros DNS del dominio en busca de nombres que no conozca.
domain-server-step-3 = Publique registros SPF y DMARC para que otros no puedan enviar en nombre del dominio.
domain-then = Cuando el dominio ya no aparezca en correo así, la entrada llegará a su fin.
domain-undated-then = Cuando el dominio ya no aparezca en correo así, la entrada no tendrá por qué seguir aquí.

new-domain-headline = { $key } se registró hace poco
new-domain-about = Dominios que se registraron hace poco.
new-domain-meaning = Esto no es una acusación. La mayoría de los dominios que se usan para estafar se usan a los pocos días de su registro, así que algunos servidores miran dos veces el correo que nombra un dominio muy nuevo.
new-domain-step-1 = Espere: la entrada termina sola. Hasta entonces, envíe el correo importante desde un dominio suyo más antiguo.
new-domain-undated-step-1 = Por ahora, envíe el correo importante desde un dominio suyo más antiguo.
new-domain-server-step-1 = Aproveche estos días para publicar registros SPF, DKIM y DMARC, y empiece con poco correo.
new-domain-then = Nadie tiene que hacer nada: el dominio envejece y la entrada desaparece.
new-domain-undated-then = El dominio envejece por sí solo, y entonces la entrada no tiene por qué seguir aquí.

spf-abuse-headline = { $key } deja que todo el mundo envíe en su nombre
spf-abuse-about = Dominios cuyo registro SPF permite que prácticamente cualquier dirección envíe en su nombre.
spf-abuse-meaning = El registro SPF del dominio dice qué máquinas pueden enviar correo en su nombre, y permite casi todas las que existen. Así el correo fraudulento pasa por auténtico.
spf-abuse-step-1 = Si usted solo usa este dominio, enseñe esta página a quien lo administra.
spf-abuse-server-step-1 = Mire el registro (dig TXT del dominio). Quite +all, ?all y los rangos ip4: o ip6: que no sean suyos.
spf-abuse-server-step-2 = Haga que termine en -all o ~all, y nombre los servidores de su proveedor de correo con include:.
spf-abuse-then = Un registro que solo nombra sus propios servidores no tiene por qué seguir aquí.

mail-hash-headline = { $key } se usó en correo no deseado
mail-hash-about = Direcciones de correo que se usan en correo no deseado, guardadas como hashes: las direcciones mismas no se almacenan.
mail-hash-meaning = Una dirección de correo con este hash figuraba en mensajes que sus destinatarios no querían, casi siempre como la dirección a la que debían responder.
mail-hash-step-1 = Si es su dirección, busque en su carpeta «Enviados» mensajes que usted no escribió, y filtros o reenvíos que usted no puso.
mail-hash-step-2 = Cambie la contraseña de la cuenta desde un aparato de confianza y active el segundo factor.
mail-hash-server-step-1 = Revise los accesos de la cuenta y lo que envió, y deténgala si se usa para estafar.
mail-hash-then = Cuando la dirección ya no aparezca en correo así, la entrada llegará a su fin.
mail-hash-undated-then = Cuando la dirección ya no aparezca en correo así, la entrada no tendrá por qué seguir aquí.

never-criteria = Direcciones y nombres que ninguna lista puede contener.
never-about = Direcciones y nombres que ninguna lista puede contener: lo que esta lista cubre nunca está listado, por muy concreta que sea otra entrada.
never-meaning = Nada de esto está listado.
