/** The pages that the coordinator serves: `/` (index.html), `/d/…` (d.html), `/network` (network.html), `/sends` (sends.html) and the download worker `/sw.js`. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { staticTexts } from './static-texts.ts';
import { textsApart } from './texts-apart.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const modules = (...places: string[]): RegExp => new RegExp(`(?:${places.join('|')})`);
/** What every page loads. */
const ALWAYS = modules(
  'node_modules/(?:svelte|esm-env|clsx|valibot)/',
  'shared/client/read-problem\\.',
  'shared/protocol/(?:bytes|errors|fields|limits|messages|order)\\.',
  'shared/ui/(?:base|tokens|Facts|Frame|LanguageChoice|Mark|Notice|format|languages|numbers|page-language|retryable|say|sentence-of|shown-language)\\.',
  'vite/preload-helper\\.',
  'web/language\\.',
);
/** What the pages of transfers load, those that send and the one that receives. */
const OF_TRANSFERS = modules(
  'node_modules/@noble/ciphers/',
  'shared/client/(?:coordinator-api|deps|browser/worker-messages)\\.',
  'shared/crypto/records\\.',
  'shared/protocol/manifest\\.',
  'shared/ui/(?:FileList|FileName|TransferProgress|announce|forward|row-window|spelled-name|trusted-urls)\\.',
);

export default defineConfig({
  root: here('.'),
  plugins: [staticTexts(), textsApart(), svelte({ configFile: false })],
  worker: { format: 'es' },
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    target: 'es2023',
    // Nothing inline: the pages' CSP allows files of their own origin only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: here('index.html'), d: here('d.html'), network: here('network.html'), sends: here('sends.html'), sw: here('sw.ts') },
      output: {
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        // Many small files would compress badly, and each is waited for.
        codeSplitting: {
          groups: [
            { name: 'page', test: ALWAYS },
            { name: 'transfer', test: OF_TRANSFERS },
          ],
        },
      },
    },
  },
});
