# Las páginas de una red, y cómo los avisos listan una dirección.
reports-heading = Cómo los avisos listan una dirección
reports-threshold = { $reporters ->
    [one] Las trampas y los servidores de correo avisan de lo que ven. Una dirección se lista cuando los avisos de un informante en { $within } suman { $points }.
   *[other] Las trampas y los servidores de correo avisan de lo que ven. Una dirección se lista cuando los avisos de al menos { $reporters } informantes en { $within } suman { $points }.
}
reports-decay = Un informante aporta como mucho { $points }, por mucho que avise; tras { $span } un aviso cuenta la mitad.
reports-weighs = { $points }: { $kind }
reports-points = { $number ->
    [one] { $figure } punto
   *[other] { $figure } puntos
}
reports-trap = correo a una dirección que nadie usa (trampa de spam)
reports-spam = correo que un filtro o una persona llama spam
reports-auth = contraseñas adivinadas
reports-relay = correo reenviado para extraños
reports-proxy = conexiones reenviadas para extraños
reports-own = A la trampa propia del operador se le cree sola: para ella no valen ni ese límite ni el número de informantes.
reports-ends = La entrada termina { $span } después del último aviso.
reports-widen = En IPv6, { $count } /{ $from } listados dentro de un /{ $to } listan ese /{ $to }.
reports-spare = Algunos rangos nunca se listan por avisos, como los de reenviadores y grandes proveedores de correo.
network-title = { $network }: sus rangos
network-lead = { $network } gestiona aquí sus rangos de direcciones: lo que dice de ellos aparece en las páginas de sus direcciones.
network-contact = Contacto
network-prefixes = Prefijos
network-prefix = Prefijo
network-proof = Prueba
network-state = Estado
network-checked = Última comprobación
network-by-operator = introducido por el operador
network-by-dns = registros TXT en el DNS inverso
network-claimed = reclamado, aún sin probar
network-proven = probado, espera al operador
network-active = en vigor
network-lapsed = caducado: faltan los registros TXT
network-ranges = Lo que dice de sus rangos
network-no-ranges = Nada todavía.
network-range = Rango
network-text = Normas, para personas cuyo correo fue rechazado
network-smarthost = Servidor por el que envían los clientes
network-self = Los clientes pueden retirar direcciones sueltas
network-self-yes = Los clientes pueden retirar direcciones sueltas por sí mismos.
network-self-no = Sobre direcciones sueltas decide la red.
network-manage = Para la red: iniciar sesión
network-sign-heading = Iniciar sesión para { $network }
network-sign-text = Pegue el token de la red. No se guarda en su navegador: una cookie lo representa, hasta media hora después de su último uso.
network-token = Token
network-sign-in = Iniciar sesión
network-sign-out = Cerrar sesión
network-sign-wrong = Este token no vale para esta red.
network-desk = { $network }: sus rangos
network-save = Guardar
network-remove = Quitar
network-add = Añadir un rango
network-saved = Guardado.
network-listed = Listado dentro de sus prefijos
network-listed-none = No hay nada listado dentro de sus prefijos.
network-listed-more = Estos son los primeros { $count }; el CSV los tiene todos.
network-csv = Todo como CSV
network-key = Clave
network-list = Lista
network-source = Fuente
network-reason = Motivo
network-hole = exenta
network-seen = Visto por última vez
network-requests = Solicitudes por decidir
network-requests-none = Ninguna solicitud le espera.
network-asked = Pedido
network-note = Lo que dicen
network-why = Por qué (lo leerán)
network-accept = Retirarla
network-decline = Dejarla listada
network-granted = Retiradas en vigor
network-take-back = Revocarla
network-clear-heading = Este token no se acepta aquí
network-clear-text = Habría viajado sin cifrar por la red, o el operador solo acepta tokens en otra dirección. Abra esta página con https:// o pregunte al operador; si escribió el token en una página sin https, pida que lo sustituyan.
