/** Builds the extension into dist/extension/: Manifest V3 for Chromium and for Firefox. */
import { defineConfig } from 'wxt';
import { extensionTexts } from './shared/ui/messages/extension.ts';

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
  vite: () => ({
    worker: { format: 'es' },
    build: { assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  }),
  manifest: ({ browser }) => ({
    name: 'Shardsend',
    description: 'Send files so that nobody but the recipient can read them and no single machine holds them.',
    permissions: ['activeTab', 'alarms', 'contextMenus', 'declarativeNetRequestWithHostAccess', 'notifications', 'scripting', 'storage'],
    optional_host_permissions: ['https://*/*', 'http://*/*'],
    content_security_policy: { extension_pages: POLICY },
    action: { default_title: 'Shardsend' },
    commands: { 'send-this': { suggested_key: { default: 'Alt+Shift+S' }, description: extensionTexts['command.send'] } },
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
