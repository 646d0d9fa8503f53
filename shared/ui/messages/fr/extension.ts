import { formatCount } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { extensionTexts as English } from '../extension.ts';
import { count, files, form } from './plurals.ts';

export const extensionTexts = {
  'popup.send': 'Envoyer des fichiers',
  'popup.through': 'Par',
  'popup.options': 'Options',
  'menu.send': 'Envoyer en sécurité',
  'notify.done.title': 'Prêt à partager',
  'notify.done.text': (n) =>
    `${files(n)} ${form(n, { one: 'peut être téléchargé', many: 'peuvent être téléchargés', other: 'peuvent être téléchargés' })}. Copiez le lien dans l’onglet Shardsend.`,
  'notify.failed.title': 'Pas encore envoyé',
  'omnibox.hint': 'Envoyer ce texte comme note, ou le fichier de cette adresse',
  'capture.title': 'Récupération de ce que vous avez choisi',
  'capture.from': (host) => `Depuis ${host}`,
  'capture.page': 'La page, ses styles, ses images et ses polices sont réunis en un seul fichier.',
  'capture.soFar': (size) => `${size} pour l’instant`,
  'capture.announce': (percent) => `${percent} pour cent récupérés`,
  'capture.cancel': 'Annuler',
  'capture.permission.title': 'Il manque une autorisation',
  'capture.permission.text': (host) =>
    `Pour récupérer ce fichier, Shardsend doit le lire sur ${host}, tel que vous y êtes connu. Votre navigateur va vous le demander. L’autorisation est rendue dès que le fichier est ici.`,
  'capture.permission.elsewhere': (host) =>
    `${host} mène à un autre site, et votre navigateur ne dit pas aux extensions lequel. Pour le suivre, Shardsend doit pouvoir lire n’importe quel site pour ce seul fichier. Votre navigateur va vous le demander. L’autorisation est rendue dès que le fichier est ici.`,
  'capture.permission.allow': (host) => `Autoriser ${host}`,
  'capture.permission.allowAny': 'Autoriser pour ce fichier',
  'capture.permission.denied': 'Sans l’autorisation, le fichier ne peut pas être récupéré. Accordez-la, ou enregistrez le fichier et choisissez-le ici.',
  'capture.retry': 'Réessayer',
  'capture.skip': 'Plutôt choisir des fichiers',
  'capture.partly.title': 'La page est ici, pas tout à fait entière',
  'capture.partly.text': (n) =>
    `${count(n, 'image, style ou police', 'images, styles ou polices')} ${form(n, { one: 'n’a pas pu être lu et manque', many: 'n’ont pas pu être lus et manquent', other: 'n’ont pas pu être lus et manquent' })}.`,
  'capture.partly.sites': (hosts) =>
    `Il faudrait pour cela lire ces sites\u00a0: ${hosts}. Votre navigateur va vous le demander, et l’autorisation est rendue dès que la page est ici.`,
  'capture.partly.allow': 'Autoriser ces sites',
  'capture.partly.keep': 'La garder ainsi',
  'capture.failed.title': 'La récupération a échoué',
  'capture.failed.unauthorized': (status) => `Le site demande que vous vous connectiez d’abord (erreur ${status}). Connectez-vous-y dans un onglet, puis réessayez.`,
  'capture.failed.forbidden': (status) =>
    `Le site refuse de le donner (erreur ${status}). Peut-être ne le montre-t-il que sur ses propres pages. Enregistrez le fichier et choisissez-le ici.`,
  'capture.failed.missing': (status) => `Il n’y a plus rien à cette adresse (erreur ${status}). Rechargez la page pour voir si cela a été déplacé.`,
  'capture.failed.busy': (status) => `Le site est trop sollicité en ce moment (erreur ${status}). Attendez un peu, puis réessayez.`,
  'capture.failed.trouble': (status) => `Le site a lui-même des difficultés (erreur ${status}). Réessayez plus tard.`,
  'capture.failed.status': (status) =>
    `Le site a répondu par l’erreur ${status}. Ouvrez l’adresse dans un onglet pour voir si elle fonctionne, ou enregistrez le fichier et choisissez-le ici.`,
  'capture.failed.network':
    'Le site n’a pas répondu, ou ne laisse personne lire ceci. Ouvrez l’adresse dans un onglet pour voir si elle fonctionne, ou enregistrez le fichier et choisissez-le ici.',
  'capture.failed.offline': 'Vous êtes hors ligne. Connectez-vous à internet, puis réessayez.',
  'capture.failed.broken': 'La connexion s’est interrompue avant que tout soit ici. Réessayez.',
  'capture.failed.signIn': 'Le site a envoyé une page au lieu du fichier, peut-être une page de connexion. Ouvrez l’adresse dans un onglet, connectez-vous-y, puis réessayez.',
  'capture.failed.elsewhere': 'L’adresse mène à un site qui ne laisse personne lire ceci. Ouvrez-la dans un onglet, enregistrez le fichier et choisissez-le ici.',
  'capture.failed.scheme': (scheme) => `Une adresse qui commence par ${scheme} ne désigne aucun fichier que l’on puisse récupérer. Enregistrez le fichier et choisissez-le ici.`,
  'capture.failed.page': 'Votre navigateur interdit aux extensions de lire cette page, ou son onglet a été fermé. Enregistrez la page et choisissez le fichier ici.',
  'capture.failed.gone': 'La page n’a plus ce fichier, ou son onglet a été fermé. Rechargez-la et réessayez, ou enregistrez le fichier et choisissez-le ici.',
  'capture.failed.streamed':
    'La page lit ceci par morceaux, à mesure qu’ils arrivent\u00a0: il n’y a pas de fichier à récupérer. Cherchez un téléchargement sur la page, et choisissez le fichier ici.',
  'capture.failed.room': 'Il n’y a pas assez de place sur cet appareil pour le récupérer. Libérez-en, puis réessayez.',
  'capture.failed.tooLarge': 'C’est plus grand que ce qui peut être envoyé en une fois, 1\u00a0Tio.',
  'capture.lost': 'Ce que vous vouliez envoyer a été oublié à la fermeture du navigateur. Choisissez-le de nouveau.',
  'capture.selectionName': 'sélection.txt',
  'capture.selectionFrom': (address) => `Source\u00a0: ${address}`,
  'options.identity': 'La créer ou la déverrouiller',
  'options.title': 'Options',
  'options.lead': 'Elles valent pour tout ce que vous envoyez désormais.',
  'options.coordinator': 'Adresse du coordinateur',
  'options.coordinator.hint': 'Le service qui attribue des places sur les nœuds de stockage. Il ne voit jamais ni clés, ni noms, ni contenus.',
  'options.coordinator.invalid': 'Saisissez une adresse comme https://send.example.org\u00a0; http:// ne convient que pour cet ordinateur.',
  'options.opensLinks': 'Ouvrir les liens dans l’extension',
  'options.opensLinks.hint': 'Les liens de ce coordinateur s’ouvrent alors dans une page de cette extension. La page que sert le coordinateur ne voit jamais de clé.',
  'options.opensLinks.denied': (host) => `Enregistré. Sans l’autorisation demandée par votre navigateur, les liens de ${host} s’ouvrent dans la page qu’il sert.`,
  'options.save': 'Enregistrer',
  'options.saved': 'Enregistré.',
  'options.check': 'Tester la connexion',
  'options.checking': 'Test en cours',
  'options.online': (online, total) => `Il répond\u00a0: ${formatCount(online)} sur ${count(total, 'nœud de stockage', 'nœuds de stockage')} en ligne.`,
  'options.unreachable': 'Il n’y a pas de coordinateur à cette adresse pour le moment.',
} as const satisfies Translation<typeof English>;
