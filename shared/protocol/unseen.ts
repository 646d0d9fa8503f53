/**
 * Characters of a name that do not show themselves, or that reorder or hide what stands beside them: controls, line and
 * paragraph separators, bidirectional marks, embeddings, overrides and isolates, invisible spaces and fillers, tags, lone
 * surrogates. ZWNJ and ZWJ are none of them: Persian, Indic scripts and emoji need them. docs/protocol.md §5: names are
 * carried as they are, and made harmless where they touch a disk, an archive, a terminal or a screen.
 */
export const UNSEEN =
  /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u180e|\p{Cs}/gu;
