/** Builds the extension into dist/extension/: Manifest V3 for Chromium and for Firefox. */
import { defineConfig } from 'wxt';
import { inEveryLanguage } from './shared/ui/built-in-texts.ts';

/** Packaged code only; requests may go to the coordinator, to nodes, and to what the person chose to send. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self'",
  'connect-src https: wss: http: ws: data:',
  "worker-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types shardsend svelte-trusted-html',
].join('; ');

export default defineConfig({
  srcDir: 'extension',
  publicDir: 'extension/public',
  outDir: 'dist/extension',
  outDirTemplate: '{{browser}}-mv{{manifestVersion}}',
  manifestVersion: 3,
  modules: ['@wxt-dev/module-svelte'],
  imports: false,
  hooks: {
    'build:publicAssets': (_, files) => {
      const commands = new Map(inEveryLanguage('manifest.command').map(({ language, text }) => [language, text]));
      for (const { language, text } of inEveryLanguage('manifest.description')) {
        const contents = JSON.stringify({ description: { message: text }, command: { message: commands.get(language) } });
        files.push({ relativeDest: `_locales/${language}/messages.json`, contents });
      }
    },
  },
  vite: () => ({
    worker: { format: 'es' },
    build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  }),
  manifest: ({ browser }) => ({
    name: 'Shardsend',
    default_locale: 'en',
    description: '__MSG_description__',
    permissions: ['activeTab', 'alarms', 'contextMenus', 'declarativeNetRequestWithHostAccess', 'notifications', 'scripting', 'storage'],
    optional_host_permissions: ['https://*/*', 'http://*/*'],
    content_security_policy: { extension_pages: POLICY },
    action: { default_title: 'Shardsend' },
    commands: { 'send-this': { suggested_key: { default: 'Alt+Shift+S' }, description: '__MSG_command__' } },
    omnibox: { keyword: 'send' },
    ...(browser === 'firefox'
      ? {
          browser_specific_settings: {
            gecko: {
              id: 'shardsend@shardsend.dev',
              strict_min_version: '140.0',
              data_collection_permissions: { required: ['none'] },
            },
          },
        }
      : { minimum_chrome_version: '120', incognito: 'split' as const }),
  }),
});
