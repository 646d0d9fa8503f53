/** A Firefox with a profile of its own, driven over the protocol that it speaks itself. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { newProfile, type EngineBrowser, type EngineOptions } from './webdriver.ts';
import { BidiSession } from './webdriver-bidi.ts';

/** @throws Error when there is no Firefox; `npm test` installs one. */
export function findFirefox(): string {
  const named = process.env['FIREFOX_PATH'];
  if (named && existsSync(named)) return named;
  for (const name of ['firefox-esr', 'firefox']) {
    const found = spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim();
    if (found) return found;
  }
  throw new Error('no Firefox found: install one, or set FIREFOX_PATH');
}

export interface FirefoxOptions extends EngineOptions {
  /** Beside those that every test's has. */
  readonly preferences?: Readonly<Record<string, string | number | boolean>>;
}

const BUILT = path.join(import.meta.dirname, '..', '..', 'dist', 'extension', 'firefox-mv3');
const EXTENSION_ID = 'shardsend@shardsend.dev';
/** Drawn by the browser otherwise, and anew for each installation: what the extension keeps lies under it. */
const EXTENSION_UUID = '5a7d5e4d-0000-4000-8000-000000000001';

export interface FirefoxBrowser extends EngineBrowser {
  /** How often the only registered service worker was started. */
  serviceWorkerStarts(): Promise<number>;
  /** Ends it as the browser does when it is idle, or short of memory. */
  stopServiceWorker(): Promise<void>;
}

const SERVICE_WORKER = `Cc['@mozilla.org/serviceworkers/manager;1'].getService(Ci.nsIServiceWorkerManager)
  .getAllRegistrations().queryElementAt(0, Ci.nsIServiceWorkerRegistrationInfo).activeWorker`;

export async function launchFirefox({ downloads, proxy, profile: kept, extension = false, preferences: more = {} }: FirefoxOptions): Promise<FirefoxBrowser> {
  const profile = kept ?? (await newProfile('firefox'));
  const preferences = {
    'browser.download.folderList': 2,
    'browser.download.dir': downloads,
    'browser.download.useDownloadDir': true,
    'browser.download.alwaysOpenPanel': false,
    'browser.download.always_ask_before_handling_new_types': false,
    'network.proxy.type': 2,
    'network.proxy.autoconfig_url': `data:text/plain,${encodeURIComponent(proxyScript(new URL(proxy).host))}`,
    'network.proxy.failover_direct': false,
    'network.proxy.allow_hijacking_localhost': true,
    'network.proxy.testing_localhost_is_secure_when_hijacked': true,
    'browser.shell.checkDefaultBrowser': false,
    'datareporting.policy.dataSubmissionEnabled': false,
    'extensions.webextensions.uuids': JSON.stringify({ [EXTENSION_ID]: EXTENSION_UUID }),
    // The browser's question cannot be answered without a screen.
    'extensions.webextOptionalPermissionPrompts': false,
    ...more,
  };
  const lines = Object.entries(preferences).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
  await writeFile(path.join(profile.folder, 'user.js'), lines.join(''));
  const child = spawn(findFirefox(), ['--headless', '--no-remote', '--profile', profile.folder, '--remote-debugging-port', '0', '--remote-allow-system-access', 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const session = await BidiSession.connect(await addressOf(child));
  if (extension) await session.send('webExtension.install', { extensionData: { type: 'path', path: BUILT } });
  return {
    extension: extension ? `moz-extension://${EXTENSION_UUID}` : '',
    open: (url) => session.open(url),
    serviceWorkerStarts: () => session.inBrowser(`${SERVICE_WORKER}.launchCount`),
    stopServiceWorker: () => session.inBrowser(`void ${SERVICE_WORKER}.terminateWorker()`),
    async close() {
      session.close();
      const gone = once(child, 'exit');
      process.kill(-child.pid!, 'SIGKILL');
      await gone;
      if (!kept) await profile.remove();
    },
  };
}

/** This machine's addresses go through the proxy; whatever the browser would ask of its makers goes nowhere, at once. */
const proxyScript = (proxy: string): string => `function FindProxyForURL(url, host) {
  return host === 'localhost' || host === '127.0.0.1' ? 'PROXY ${proxy}' : 'PROXY 127.0.0.1:9';
}`;

function addressOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    createInterface({ input: child.stderr! }).on('line', (line) => {
      said += `${line}\n`;
      const match = /^WebDriver BiDi listening on (ws:\S+)$/.exec(line);
      if (match) resolve(match[1]!);
    });
    child.once('exit', (code) => reject(new Error(`Firefox ended with ${code}: ${said}`)));
  });
}
