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
  'capture.title': 'Récupération de ce que vous avez choisi',
  'capture.from': (host) => `Depuis ${host}`,
  'capture.permission.title': 'Il manque une autorisation',
  'capture.permission.text': (host) =>
    `Pour récupérer ce fichier, Shardsend doit le lire sur ${host}. Votre navigateur vous posera la question. L’autorisation est rendue dès que le fichier est là.`,
  'capture.permission.allow': (host) => `Autoriser ${host}`,
  'capture.permission.denied': 'Sans l’autorisation, le fichier ne peut pas être récupéré. Accordez-la, ou enregistrez le fichier et choisissez-le ici.',
  'capture.retry': 'Réessayer',
  'capture.skip': 'Plutôt choisir des fichiers',
  'capture.failed.title': 'La récupération a échoué',
  'capture.failed.status': (status) =>
    `Le site a répondu par l’erreur ${status}. Ouvrez l’adresse dans un onglet pour voir si elle fonctionne, ou enregistrez le fichier et choisissez-le ici.`,
  'capture.failed.network': 'Le site n’a pas répondu ou a refusé. Vérifiez votre connexion, ou enregistrez le fichier et choisissez-le ici.',
  'capture.failed.scheme': 'Les adresses de ce type ne peuvent pas être récupérées. Enregistrez le fichier et choisissez-le ici.',
  'capture.failed.page': 'Votre navigateur interdit aux extensions de lire cette page, ou son onglet a été fermé. Enregistrez la page et choisissez le fichier ici.',
  'capture.failed.gone': 'La page n’a plus ce fichier. Rechargez-la et réessayez, ou enregistrez le fichier et choisissez-le ici.',
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
