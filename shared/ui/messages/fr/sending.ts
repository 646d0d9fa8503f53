import { formatPercent } from '../../numbers.ts';
import type { Translation } from '../../translation.ts';
import type { sendingTexts as English } from '../sending.ts';
import { count, files, form } from './plurals.ts';

export const sendingTexts = {
  // Choosing
  'send.title': 'Envoyez des fichiers en toute discrétion',
  'send.lead': 'Chiffrés sur cet appareil, découpés en morceaux, répartis sur des ordinateurs indépendants. Seul votre lien les réunit.',
  'send.facts': 'Ce que deviennent vos fichiers',
  'send.fact.sealed': 'Scellés avant qu’un seul octet ne parte',
  'send.fact.spread': 'Aucune machine ne détient vos fichiers',
  'send.fact.gone': 'Supprimés partout à leur expiration',
  'send.drop': 'Déposez ici des fichiers ou un dossier',
  'send.drop.over': 'Relâchez pour les ajouter',
  'send.drop.touch': 'Choisissez quoi envoyer',
  'send.drop.hint': 'ou collez-les n’importe où sur cette page',
  'send.chooseFiles': 'Choisir des fichiers',
  'send.chooseFolder': 'Choisir un dossier',
  'send.addFiles': 'Ajouter des fichiers',
  'send.addFolder': 'Ajouter un dossier',
  'send.removeAll': 'Tout retirer',
  'send.reading': 'Lecture de ce que vous avez déposé',
  'send.chosen': 'Fichiers à envoyer',
  'send.pastedName': 'texte collé.txt',
  'send.expires': 'Supprimer après',
  'send.limit': 'Téléchargements autorisés',
  'send.limit.none': 'Sans limite',
  'send.limit.some': (n) => count(n, 'téléchargement', 'téléchargements'),
  'send.password': 'Mot de passe, si vous le souhaitez',
  'send.password.hint': 'Le lien ne s’ouvrira qu’avec lui. Transmettez-le par un autre moyen que le lien\u00a0: personne ne peut le retrouver.',
  'send.start': 'Envoyer en sécurité',

  // On its way
  'sending.title': (n) => `Envoi de ${files(n)}`,
  'sending.lead':
    'Partagez le lien dès maintenant\u00a0: qui l’ouvre reçoit ce qui est là, puis le reste au fur et à mesure. Laissez cette page ouverte\u00a0; elle peut rester en arrière-plan.',
  'sending.lead.early': 'Laissez cette page ouverte\u00a0; elle peut rester en arrière-plan.',
  'sending.preparing': 'Préparation',
  'sending.progress': 'Envoi en cours',
  'sending.cancel': 'Annuler',
  'sending.cancelling': 'Annulation',
  'sending.linkNow': 'Il fonctionne déjà. Toute personne qui l’a peut ouvrir les fichiers. Transmettez-le par un canal sûr.',
  'sending.pause': 'Mettre en pause',
  'sending.proceed': 'Reprendre',
  'sending.paused': 'En pause. Ce qui est stocké est conservé.',
  'sending.waiting': 'En attente du réseau',
  'sending.checking': 'Comparaison avec ce qui a été envoyé',
  'sending.offline.title': 'Pas de connexion',
  'sending.offline.text': 'Ce qui est stocké est conservé. L’envoi reprendra de lui-même au retour du réseau.',
  'sending.announce': (percent) => `${formatPercent(percent)} envoyés`,

  // Sends that ended too soon
  'unfinished.title': (name) => `${name} n’est pas entièrement envoyé`,
  'unfinished.stored': (percent, size, n) =>
    `${formatPercent(percent)} de ${n === 1 ? size : `${files(n)}, ${size},`} sont stockés. Choisissez de nouveau ${n === 1 ? 'le fichier' : 'les mêmes fichiers'} pour reprendre\u00a0: ce qui est stocké n’est pas envoyé deux fois.`,
  'unfinished.away': 'Impossible de savoir pour l’instant combien est stocké.',
  'unfinished.closed': 'Cette page n’a pas pu rouvrir les fichiers. Choisissez-les vous-même pour reprendre.',
  'unfinished.continue': (name) => `Reprendre l’envoi de ${name}`,
  'unfinished.giveUp': 'Plutôt le retirer',

  // Done or not
  'done.title': 'Prêt à partager',
  'done.lead': (n, size) => `${files(n)}, ${size}, ${form(n, { one: 'scellé et stocké', many: 'scellés et stockés', other: 'scellés et stockés' })}.`,
  'done.link': 'Lien',
  'done.copy': 'Copier le lien',
  'done.copied': 'Copié.',
  'done.copyFailed': 'Le lien est sélectionné\u00a0: copiez-le à la main.',
  'done.qr': 'Code QR qui ouvre cet envoi',
  'done.qr.hint': 'À scanner pour l’ouvrir sur un téléphone',
  'done.whoever': 'Toute personne qui a ce lien peut ouvrir les fichiers. Transmettez-le par un canal sûr.',
  'done.locked': 'Il ne s’ouvre qu’avec votre mot de passe. Transmettez celui-ci par un autre moyen que le lien.',
  'done.expires': 'Suppression le',
  'done.limit': 'Téléchargements autorisés',
  'done.survives': (n, of) =>
    n === 1
      ? `N’importe lequel des ${of} ordinateurs qui gardent vos fichiers peut tomber en panne sans que rien ne se perde.`
      : `Sur les ${of} ordinateurs qui gardent vos fichiers, ${n} peuvent tomber en panne, n’importe lesquels, sans que rien ne se perde.`,
  'done.survives.growing': (now, soon, of) =>
    `Sur les ${of} ordinateurs qui gardent vos fichiers, ${now === 1 ? 'un peut' : `${now} peuvent`} tomber en panne dès maintenant, et bientôt ${soon}, sans que rien ne se perde.`,
  'done.survives.soon': (n, of) =>
    `Bientôt, sur les ${of} ordinateurs qui gardent vos fichiers, ${n === 1 ? 'un pourra' : `${n} pourront`} tomber en panne sans que rien ne se perde.`,
  'done.small': 'Ce réseau est petit.',
  'done.small.operators': (n) =>
    n === 0
      ? 'Un seul opérateur gère la plupart de ces ordinateurs\u00a0: vos fichiers dépendent de lui.'
      : `Certains de ces ordinateurs ont le même opérateur\u00a0; ${n === 1 ? 'un opérateur peut' : `${n} opérateurs peuvent`} défaillir avec tous les leurs.`,
  'done.small.places': 'Beaucoup de ces ordinateurs partagent un lieu ou un fournisseur et pourraient tomber en panne ensemble.',
  'done.small.newcomers': 'Beaucoup sont nouveaux et doivent encore faire leurs preuves.',
  'done.small.absences': 'Peu sont toujours allumés\u00a0: un téléchargement devra peut-être attendre.',
  'done.again': 'Envoyer autre chose',
  'done.revoke': 'Retirer',
  'done.revoke.ask': 'Retirer cet envoi\u00a0? Ses fichiers seront supprimés de tous les nœuds de stockage et le lien cessera de fonctionner.',
  'done.revoke.yes': 'Supprimer les fichiers',
  'done.revoke.no': 'Les garder',
  'done.revoke.busy': 'Retrait en cours',
  'done.revoked.title': 'Retiré',
  'done.revoked.text': 'Le lien ne fonctionne plus, et tous les nœuds de stockage ont reçu l’ordre de supprimer les fichiers.',
  'sendFailed.title': 'Pas encore envoyé',
  'sendFailed.lead': 'Votre sélection est toujours là.',
  'sendFailed.kept': 'Ce qui est stocké est conservé\u00a0: vous pouvez reprendre maintenant ou plus tard.',
  'sendFailed.continue': 'Reprendre',
  'sendFailed.changed.title': 'Ce ne sont plus les mêmes fichiers',
  'sendFailed.changed.text':
    'Ils diffèrent de ce qui en avait été stocké, rien n’a donc été ajouté. Envoyez-les tels qu’ils sont sous un nouveau lien, ou choisissez les fichiers tels qu’ils étaient.',
  'sendFailed.anew': 'Envoyer en l’état',
  'sendFailed.retry': 'Réessayer',
  'sendFailed.change': 'Modifier les fichiers ou les options',
} as const satisfies Translation<typeof English>;
