# Lo que rodea a cada página.
site-skip = Ir al contenido
site-parts = Partes de este sitio
site-language = Idioma
nav-lookup = Consultar
nav-lists = Listas
nav-map = Mapa
nav-api = API
site-closing = Este servicio va a cerrar
site-closing-text = A partir del { $day } ya no habrá nada listado en { $zone }. Si administra un servidor de correo que la consulta, quítela ahora de su configuración.
site-state = estado { $serial }
site-contact = Contacto:
site-privacy = Privacidad
title-of = { $page } · { $site }

form-label = Dirección, dominio o hash
form-button = Consultar

day-of = { $day } de { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
} de { $year }
moment = { $day }, { $clock } UTC ({ $distance })
time-ago = hace { $span }
time-ahead = dentro de { $span }
span-moment = menos de un minuto
span-minutes = { $number ->
    [one] { $number } minuto
   *[other] { $number } minutos
}
span-hours = { $number ->
    [one] { $number } hora
   *[other] { $number } horas
}
span-days = { $number ->
    [one] { $number } día
   *[other] { $number } días
}
span-years = { $number ->
    [one] { $number } año
   *[other] { $number } años
}
far-moment = menos de un minuto
far-minutes = { $number ->
    [one] { $number } minuto
   *[other] { $number } minutos
}
far-hours = { $number ->
    [one] { $number } hora
   *[other] { $number } horas
}
far-days = { $number ->
    [one] { $number } día
   *[other] { $number } días
}
far-years = { $number ->
    [one] { $number } año
   *[other] { $number } años
}
entries = { $number ->
    [one] { $number } entrada
   *[other] { $number } entradas
}

nowhere-heading = Aquí no hay nada
nowhere-text = Esta dirección no lleva a ninguna página. Consulte aquí lo que buscaba:
nowhere-gone = Esa página no existe o ya no existe.
nowhere-form = Aquí solo se acepta lo que envía un formulario. No ha cambiado nada.
slow-heading = Un momento, por favor
slow-text = Desde su dirección llegaron muchas peticiones en poco tiempo. Inténtelo de nuevo dentro de { $span }, por favor.
fault-heading = No ha funcionado
fault-text = El fallo es nuestro, no suyo. Vuelva a intentarlo dentro de un momento.
examples = Esto se puede consultar:
examples-hash = o el hash de una dirección de correo, tal como aparece en el rechazo.
form-heading = Este formulario no se ha aceptado
form-foreign = Según dice su navegador, no venía de una página de este sitio. Esto le protege: de otro modo, otra página podría enviar algo en su nombre. No ha cambiado nada.
form-old = Este formulario es demasiado antiguo para aceptarlo. Si ya lo había enviado, aquel envío sigue valiendo; si no, envíelo otra vez, por favor.
form-used = Este formulario ya se aceptó y no cuenta dos veces. Si aún no ha visto el resultado, vuelva a cargar esta página dentro de un momento. Envíelo otra vez solo si quiere pedirlo de nuevo.
form-unread = No se ha podido leer: falta algo, es demasiado largo o está dañado. No ha cambiado nada.
form-next = Abra aquí el formulario otra vez y envíelo desde allí.
form-again = Abrir el formulario otra vez
look-again = Mirar otra vez
form-look = Consulte abajo la dirección o el nombre; su página lleva al formulario.
