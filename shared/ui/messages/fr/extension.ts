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
  'omnibox.hint': 'Envoyer ce texte comme note, ou le fichier à cette adresse',
  'capture.title': 'Récupération de ce que vous avez choisi',
  'capture.from': (host) => `Depuis ${host}`,
  'capture.page': 'La page est réunie avec ses styles, images et polices en un seul fichier.',
  'capture.soFar': (size) => `${size} jusqu’ici`,
  'capture.announce': (percent) => `${formatCount(percent)} pour cent récupérés`,
  'capture.cancel': 'Annuler',
  'capture.permission.title': 'Il manque une autorisation',
  'capture.permission.text': (host) =>
    `Pour récupérer ce fichier, Shardsend doit le lire sur ${host}, tel qu’on vous y connaît. Votre navigateur vous demandera. L’autorisation est rendue dès que le fichier est ici.`,
  'capture.permission.elsewhere': (host) =>
    `${host} mène à un autre site, et votre navigateur ne dit pas aux extensions lequel. Pour le suivre, Shardsend doit pouvoir lire sur tout site, pour ce seul fichier. Votre navigateur vous demandera. L’autorisation est rendue dès que le fichier est ici.`,
  'capture.permission.allow': (host) => `Autoriser ${host}`,
  'capture.permission.allowAny': 'Autoriser pour ce fichier',
  'capture.permission.denied': 'Sans l’autorisation, le fichier ne peut pas être récupéré. Accordez-la, ou enregistrez le fichier et choisissez-le ici.',
  'capture.retry': 'Réessayer',
  'capture.skip': 'Plutôt choisir des fichiers',
  'capture.partly.title': 'La page est ici, mais pas tout à fait entière',
  'capture.partly.text': (n) =>
    `${count(n, 'image, style ou police', 'images, styles ou polices')} ${form(n, { one: 'n’a', many: 'n’ont', other: 'n’ont' })} pas pu être ${form(n, { one: 'lue et y manque', many: 'lus et y manquent', other: 'lus et y manquent' })}.`,
  'capture.partly.sites': (hosts) =>
    `Pour cela, il faudrait lire ces sites\u00a0: ${hosts}. Votre navigateur vous demandera, et l’autorisation est rendue dès que la page est ici.`,
  'capture.partly.allow': 'Autoriser ces sites',
  'capture.partly.keep': 'La laisser ainsi',
  'capture.failed.title': 'La récupération a échoué',
  'capture.failed.unauthorized': (status) => `Le site veut d’abord que vous vous connectiez (erreur ${status}). Connectez-vous là-bas dans un onglet et réessayez.`,
  'capture.failed.forbidden': (status) =>
    `Le site refuse de le livrer (erreur ${status}). Il ne le montre peut-être que sur ses propres pages. Enregistrez le fichier et choisissez-le ici.`,
  'capture.failed.missing': (status) => `Il n’y a plus rien à cette adresse (erreur ${status}). Rechargez la page pour voir si cela a changé de place.`,
  'capture.failed.busy': (status) => `Le site est trop sollicité en ce moment (erreur ${status}). Attendez un peu et réessayez.`,
  'capture.failed.trouble': (status) => `Le site a lui-même des difficultés (erreur ${status}). Réessayez plus tard.`,
  'capture.failed.status': (status) =>
    `Le site a répondu par l’erreur ${status}. Ouvrez l’adresse dans un onglet pour voir si elle fonctionne, ou enregistrez le fichier et choisissez-le ici.`,
  'capture.failed.network':
    'Le site n’a pas répondu, ou ne laisse personne lire cela. Ouvrez l’adresse dans un onglet pour voir si elle fonctionne, ou enregistrez le fichier et choisissez-le ici.',
  'capture.failed.offline': 'Vous êtes hors ligne. Connectez-vous à internet et réessayez.',
  'capture.failed.broken': 'La connexion s’est coupée avant que tout soit ici. Réessayez.',
  'capture.failed.signIn': 'Le site a envoyé une page à la place du fichier, peut-être pour s’y connecter. Ouvrez l’adresse dans un onglet, connectez-vous là-bas et réessayez.',
  'capture.failed.elsewhere': 'L’adresse mène à un site qui ne laisse personne lire cela. Ouvrez-la dans un onglet, enregistrez le fichier et choisissez-le ici.',
  'capture.failed.scheme': (scheme) => `Une adresse qui commence par ${scheme} ne désigne aucun fichier à récupérer. Enregistrez le fichier et choisissez-le ici.`,
  'capture.failed.page': 'Votre navigateur interdit aux extensions de lire cette page, ou son onglet a été fermé. Enregistrez la page et choisissez le fichier ici.',
  'capture.failed.gone': 'La page n’a plus ce fichier, ou son onglet a été fermé. Rechargez-la et réessayez, ou enregistrez le fichier et choisissez-le ici.',
  'capture.failed.streamed':
    'La page lit cela par morceaux à mesure qu’ils arrivent\u00a0: il n’y a aucun fichier à récupérer. Cherchez un téléchargement sur la page et choisissez le fichier ici.',
  'capture.failed.room': 'Il n’y a pas assez de place sur cet appareil pour le récupérer. Libérez-en et réessayez.',
  'capture.failed.tooLarge': 'C’est plus que ce qui peut être envoyé en une fois\u00a0: 1 TiB.',
  'capture.lost': 'Ce que vous vouliez envoyer a été oublié à la fermeture du navigateur. Choisissez-le de nouveau.',
  'capture.selectionName': 'sélection.txt',
  'capture.selectionFrom': (address) => `Source\u00a0: ${address}`,
  'options.identity': 'La créer ou la déverrouiller',
  'options.title': 'Options',
  'options.lead': 'Elles valent pour tout ce que vous envoyez désormais.',
  'options.coordinator': 'Adresse du coordinateur',
  'options.coordinator.hint': 'Le service qui attribue des places sur les nœuds de stockage. Il ne voit jamais ni clés, ni noms, ni contenus.',
  'options.coordinator.invalid': 'Saisissez une adresse comme https://send.example.org\u00a0; http:// ne convient que pour cet ordinateur.',
  'options.save': 'Enregistrer',
  'options.saved': 'Enregistré.',
  'options.check': 'Tester la connexion',
  'options.checking': 'Test en cours',
  'options.online': (online, total) => `Il répond\u00a0: ${formatCount(online)} sur ${count(total, 'nœud de stockage', 'nœuds de stockage')} en ligne.`,
  'options.unreachable': 'Il n’y a pas de coordinateur à cette adresse pour le moment.',
} as const satisfies Translation<typeof English>;
