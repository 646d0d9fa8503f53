/** What functions find that tests run inside the extension's background and pages. */
declare const chrome: (typeof import('wxt/browser'))['browser'];
