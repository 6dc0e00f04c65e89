# Ce qui entoure chaque page.
site-skip = Aller au contenu
site-parts = Parties de ce site
site-language = Langue
nav-lookup = Vérifier
nav-lists = Listes
nav-map = Carte
nav-api = API
site-closing = Ce service va fermer
site-closing-text = À partir du { $day }, plus rien ne sera listé dans { $zone }. Si vous gérez un serveur de messagerie qui l’interroge, retirez-la dès maintenant de sa configuration.
site-state = état { $serial }
site-contact = Contact :
site-privacy = Vie privée
title-of = { $page } · { $site }

form-label = Adresse, domaine ou empreinte
form-button = Vérifier

day-of = { $day } { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
} { $year }
moment = { $day }, { $clock } UTC ({ $distance })
time-ago = il y a { $span }
time-ahead = dans { $span }
span-moment = moins d’une minute
span-minutes = { $number ->
    [one] { $number } minute
   *[other] { $number } minutes
}
span-hours = { $number ->
    [one] { $number } heure
   *[other] { $number } heures
}
span-days = { $number ->
    [one] { $number } jour
   *[other] { $number } jours
}
span-years = { $number ->
    [one] { $number } an
   *[other] { $number } ans
}
far-moment = moins d’une minute
far-minutes = { $number ->
    [one] { $number } minute
   *[other] { $number } minutes
}
far-hours = { $number ->
    [one] { $number } heure
   *[other] { $number } heures
}
far-days = { $number ->
    [one] { $number } jour
   *[other] { $number } jours
}
far-years = { $number ->
    [one] { $number } an
   *[other] { $number } ans
}
entries = { $number ->
    [one] { $number } entrée
   *[other] { $number } entrées
}

nowhere-heading = Il n’y a rien ici
nowhere-text = Cette adresse ne mène à aucune page. Vérifiez ici ce qui vous amène :
nowhere-gone = Cette page n’existe pas ou n’existe plus.
nowhere-form = On n’accepte ici que ce qu’envoie un formulaire. Rien n’a changé.
slow-heading = Un instant, s’il vous plaît
slow-text = Beaucoup de requêtes sont venues de votre adresse en peu de temps. Veuillez réessayer dans { $span }.
fault-heading = Cela n’a pas fonctionné
fault-text = L’erreur vient de nous, pas de vous. Réessayez dans un instant.
examples = On peut vérifier ceci :
examples-hash = ou l’empreinte d’une adresse de messagerie, telle qu’elle figure dans le refus.
form-heading = Ce formulaire n’a pas été accepté
form-foreign = D’après votre navigateur, il ne venait pas d’une page de ce site. Cela vous protège : sinon, un autre site pourrait envoyer quelque chose en votre nom. Rien n’a changé.
form-old = Ce formulaire est trop ancien pour être accepté. Si vous l’aviez déjà envoyé, cet envoi reste valable ; sinon, veuillez l’envoyer encore une fois.
form-used = Ce formulaire a déjà été accepté et ne compte pas deux fois. Si vous n’avez pas encore vu ce qu’il en est advenu, rechargez cette page dans un instant. Ne l’envoyez encore une fois que si vous voulez faire une nouvelle demande.
form-unread = Il n’a pas pu être lu : quelque chose manque, est trop long ou abîmé. Rien n’a changé.
form-next = Ouvrez ici le formulaire encore une fois et envoyez-le de là.
form-again = Ouvrir le formulaire encore une fois
look-again = Regarder de nouveau
form-look = Vérifiez l’adresse ou le nom ci-dessous ; sa page mène au formulaire.
