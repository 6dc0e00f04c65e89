# Ce que les pages disent de chaque sorte de liste. Personne n’est accusé : une entrée dit ce qui a été vu.
who-hash = Une adresse de messagerie ayant cette empreinte
heading-home = Ce que vous pouvez faire maintenant
heading-server = Si vous gérez la machine à cette adresse
heading-domain = Si le domaine est à vous
heading-mailbox = Si vous gérez le service de messagerie de cette adresse

dynamic-headline = { $key } se trouve dans une plage pour les connexions de clients
dynamic-about = Plages que les réseaux attribuent à leurs clients : logements, téléphones mobiles, bureaux. S’y trouver n’est pas une accusation.
dynamic-meaning = Ce n’est pas une accusation : personne ne dit que vous avez envoyé du spam. Le réseau auquel cette adresse appartient l’attribue à ses clients, et le courrier de telles connexions est attendu par le serveur d’un fournisseur de messagerie, pas directement du client.
dynamic-heading-home = À la maison, au bureau ou sur le téléphone : ce que vous pouvez faire maintenant
dynamic-step-1 = Réglez votre logiciel de messagerie pour qu’il envoie par le serveur de votre fournisseur de messagerie : port 587 (ou 465), avec votre nom d’utilisateur et votre mot de passe. Les pages d’aide de votre fournisseur indiquent le serveur.
dynamic-step-2 = Renvoyez le message.
dynamic-step-3 = Si c’est déjà réglé ainsi, le refus tient à autre chose : le serveur qui a refusé votre courrier ne devrait alors pas regarder cette adresse. Montrez le refus à votre fournisseur de messagerie.
dynamic-heading-server = Si vous faites tourner un serveur de messagerie sur cette connexion
dynamic-server-step-1 = Faites-lui remettre son courrier au serveur de votre fournisseur (« smart host », « relay host »). Dans Postfix : relayhost = [smtp.votre-fournisseur.example]:587, avec un mot de passe.
dynamic-server-step-2 = Si cette adresse vous est attribuée durablement, demandez à votre réseau de la sortir de la plage et de lui donner un nom à vous dans le DNS inverse.
dynamic-then = Il n’y a pour cela rien à retirer de la liste : le courrier qui passe par le serveur de votre fournisseur est jugé d’après l’adresse de ce serveur, pas d’après celle-ci.

compromised-headline = { $key } semble être sous le contrôle de quelqu’un d’autre
compromised-about = Adresses où une machine semble contrôlée par quelqu’un d’autre que son propriétaire.
compromised-meaning = De cette adresse sont venus des messages ou des connexions que son propriétaire n’enverrait guère : le plus souvent un programme arrivé sur un ordinateur, un téléphone, un routeur ou un site web, et qui y travaille sans se faire remarquer.
compromised-step-1 = Si c’est la connexion de votre logement ou de votre bureau, plusieurs appareils partagent l’adresse. Mettez-les tous à jour, passez chacun à l’antivirus, et retirez les programmes et extensions de navigateur que vous n’avez pas choisis.
compromised-step-2 = Redémarrez le routeur, installez sa mise à jour et donnez-lui un nouveau mot de passe.
compromised-step-3 = Changez ensuite les mots de passe de vos comptes de messagerie, depuis un appareil sûr.
compromised-step-4 = En attendant, vous pouvez continuer d’envoyer par le serveur de votre fournisseur de messagerie, port 587.
compromised-server-step-1 = Cherchez du courrier que vous n’avez pas envoyé : dans la file d’attente, dans le journal, dans les scripts de sites web, dans les comptes qui se connectent depuis de nombreux pays.
compromised-server-step-2 = Mettez à jour le système, les sites web et leurs extensions ; changez mots de passe et clés ; retirez ce qui n’a rien à y faire.
compromised-server-step-3 = Ne laissez que le serveur de messagerie ouvrir des connexions vers le port 25.
compromised-then = Une fois la cause écartée, plus rien de nouveau n’est vu depuis l’adresse et l’entrée arrive à son terme.
compromised-undated-then = Une fois la cause écartée, plus rien de nouveau n’est vu depuis l’adresse et l’entrée n’a plus de raison d’être ici.

relay-headline = { $key } transmet du courrier de n’importe qui à n’importe qui
relay-about = Serveurs de messagerie qui transmettent du courrier de n’importe qui à n’importe qui (relais ouverts).
relay-meaning = Le serveur de messagerie à cette adresse a accepté le message d’un inconnu pour un inconnu et l’a transmis. Qui veut se cacher utilise de tels serveurs.
relay-step-1 = Si vous n’êtes qu’utilisateur de ce serveur, montrez cette page à la personne qui le gère. En attendant, vous pouvez envoyer par le serveur d’un autre fournisseur.
relay-server-step-1 = Ne le laissez transmettre du courrier que pour vos propres réseaux et pour les utilisateurs identifiés. Dans Postfix : smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination.
relay-server-step-2 = Vérifiez que mynetworks ne contient que vos propres adresses et qu’aucun compte au mot de passe deviné n’envoie.
relay-server-step-3 = Vérifiez aussi les formes anciennes : user%domain@ici, ici!user, et les serveurs situés derrière qui lui font aveuglément confiance.
relay-then = Un serveur qui refuse le courrier d’inconnus pour des inconnus n’a plus de raison d’être ici.

proxy-headline = { $key } est un proxy ouvert
proxy-about = Adresses où un proxy ouvre des connexions pour n’importe qui.
proxy-meaning = Un proxy à cette adresse ouvre des connexions pour quiconque le demande. D’autres envoient à travers lui et se cachent derrière cette adresse.
proxy-step-1 = Sur une connexion domestique, c’est souvent un programme qui partage la ligne (« VPN gratuit », « gagnez de l’argent avec votre connexion ») ou un routeur avec un port ouvert. Retirez le programme ; mettez à jour et redémarrez le routeur.
proxy-step-2 = En attendant, vous pouvez continuer d’envoyer par le serveur de votre fournisseur de messagerie, port 587.
proxy-server-step-1 = Trouvez le proxy (les ports 1080, 3128, 8000 et 8080 sont habituels) et ne le laissez servir que votre propre réseau, ou seulement avec un mot de passe.
proxy-server-step-2 = Interdisez-lui de se connecter au port 25.
proxy-server-step-3 = Si vous n’avez pas installé de proxy, quelqu’un d’autre contrôle la machine : mettez-la à jour, changez ses mots de passe, retirez ce qui n’a rien à y faire.
proxy-then = Une fois que le proxy ne sert plus d’inconnus, l’adresse n’a plus de raison d’être ici.

spam-headline = { $key } a envoyé du courrier indésirable
spam-about = Adresses d’où du courrier indésirable a été reçu.
spam-meaning = De cette adresse est venu du courrier que ses destinataires ne voulaient pas. La cause peut être un seul compte ou un seul client parmi beaucoup.
spam-step-1 = Si c’est le serveur de votre fournisseur de messagerie, montrez-lui cette page : il peut trouver et arrêter l’expéditeur. Vous n’avez rien à changer vous-même.
spam-step-2 = Si c’est votre propre connexion, envoyez par le serveur de votre fournisseur de messagerie, port 587, et cherchez sur vos appareils des programmes qui envoient d’eux-mêmes.
spam-server-step-1 = Trouvez l’expéditeur dans le journal : les heures ci-dessous vous aideront. Arrêtez le compte et changez son mot de passe.
spam-server-step-2 = N’écrivez à des listes qu’à ceux qui ont confirmé leur inscription ; retirez ceux qui le demandent et ceux dont le courrier revient.
spam-server-step-3 = Lisez ce qui arrive à abuse@ et postmaster@ de votre domaine.
spam-then = Une fois l’expéditeur arrêté, plus rien de nouveau n’est vu depuis l’adresse et l’entrée arrive à son terme.
spam-undated-then = Une fois l’expéditeur arrêté, plus rien de nouveau n’est vu depuis l’adresse et l’entrée n’a plus de raison d’être ici.

domain-headline = { $key } apparaît dans du courrier indésirable
domain-about = Domaines qui apparaissent dans du courrier indésirable : comme expéditeur, dans les liens, ou comme serveur derrière eux.
domain-meaning = Ce domaine, ou un domaine au-dessus de lui, est apparu dans du courrier que ses destinataires ne voulaient pas, comme expéditeur ou dans un lien. Il est peut-être détourné à l’insu de son propriétaire.
domain-step-1 = Si l’un de vos messages a été refusé parce qu’il contient un lien vers ce domaine, retirez le lien ou nommez le site en toutes lettres.
domain-step-2 = N’entrez pas de mot de passe sur un site où un tel message vous a conduit.
domain-server-step-1 = Cherchez sur le site web des pages et des fichiers que vous n’y avez pas mis ; mettez-le à jour avec ses extensions, et changez ses mots de passe.
domain-server-step-2 = Cherchez dans les enregistrements DNS du domaine des noms que vous ne connaissez pas.
domain-server-step-3 = Publiez des enregistrements SPF et DMARC, pour que d’autres ne puissent pas envoyer au nom du domaine.
domain-then = Une fois que le domaine n’apparaît plus dans de tels messages, l’entrée arrive à son terme.
domain-undated-then = Une fois que le domaine n’apparaît plus dans de tels messages, l’entrée n’a plus de raison d’être ici.

new-domain-headline = { $key } a été enregistré il y a peu
new-domain-about = Domaines enregistrés il y a peu.
new-domain-meaning = Ce n’est pas une accusation. La plupart des domaines qui servent à des fraudes servent dans les jours qui suivent leur enregistrement ; certains serveurs regardent donc à deux fois le courrier qui nomme un domaine tout neuf.
new-domain-step-1 = Attendez : l’entrée prend fin d’elle-même. D’ici là, envoyez le courrier important depuis un domaine plus ancien.
new-domain-undated-step-1 = Pour l’instant, envoyez le courrier important depuis un domaine plus ancien.
new-domain-server-step-1 = Profitez de ces jours pour publier des enregistrements SPF, DKIM et DMARC, et commencez par peu de courrier.
new-domain-then = Personne n’a rien à faire : le domaine vieillit et l’entrée disparaît.
new-domain-undated-then = Le domaine vieillit de lui-même, et l’entrée n’a alors plus de raison d’être ici.

spf-abuse-headline = { $key } laisse le monde entier envoyer en son nom
spf-abuse-about = Domaines dont l’enregistrement SPF permet à pratiquement n’importe quelle adresse d’envoyer en leur nom.
spf-abuse-meaning = L’enregistrement SPF du domaine dit quelles machines peuvent envoyer du courrier en son nom, et il les autorise presque toutes. Du courrier frauduleux passe ainsi pour authentique.
spf-abuse-step-1 = Si vous n’êtes qu’utilisateur de ce domaine, montrez cette page à la personne qui le gère.
spf-abuse-server-step-1 = Regardez l’enregistrement (dig TXT du domaine). Retirez +all, ?all et les plages ip4: ou ip6: qui ne sont pas à vous.
spf-abuse-server-step-2 = Terminez-le par -all ou ~all, et nommez les serveurs de votre fournisseur de messagerie avec include:.
spf-abuse-then = Un enregistrement qui ne nomme que vos propres serveurs n’a plus de raison d’être ici.

mail-hash-headline = { $key } a servi dans du courrier indésirable
mail-hash-about = Adresses de messagerie qui servent dans du courrier indésirable, gardées sous forme d’empreintes : les adresses elles-mêmes ne sont pas conservées.
mail-hash-meaning = Une adresse de messagerie ayant cette empreinte figurait dans du courrier que ses destinataires ne voulaient pas, le plus souvent comme l’adresse à laquelle ils devaient répondre.
mail-hash-step-1 = Si c’est votre adresse, cherchez dans vos messages envoyés ceux que vous n’avez pas écrits, et des filtres ou transferts que vous n’avez pas mis en place.
mail-hash-step-2 = Changez le mot de passe du compte depuis un appareil sûr, et activez le second facteur.
mail-hash-server-step-1 = Vérifiez les connexions du compte et ce qu’il a envoyé, et arrêtez-le s’il sert à frauder.
mail-hash-then = Une fois que l’adresse n’apparaît plus dans de tels messages, l’entrée arrive à son terme.
mail-hash-undated-then = Une fois que l’adresse n’apparaît plus dans de tels messages, l’entrée n’a plus de raison d’être ici.

never-criteria = Adresses et noms qu’aucune liste ne peut contenir.
never-about = Adresses et noms qu’aucune liste ne peut contenir : ce qu’elle couvre n’est jamais listé, si précise que soit une autre entrée.
never-meaning = Rien de cela n’est listé.
