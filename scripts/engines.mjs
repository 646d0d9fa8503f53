// Firefox and WebKitGTK for the tests: what is installed, else Debian's. Chromium has a file of its own, for `npm start`.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { aptInstall } from './apt.mjs';

const firefoxes = ['firefox-esr', 'firefox'];

const onPath = (...names) => {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find((file) => existsSync(file)) ?? null;
};
const named = (variable) => (existsSync(process.env[variable] ?? '') ? process.env[variable] : null);

/** Null where there is none. `FIREFOX_PATH` goes before everything. */
const findFirefox = () => named('FIREFOX_PATH') ?? onPath(...firefoxes);

/** A browser that its driver steers, on a display that nobody sees. Null where one of the three is missing. */
function findWebKit() {
  const libraries = ['/usr/lib', '/usr/libexec', ...(existsSync('/usr/lib') ? readdirSync('/usr/lib').map((name) => `/usr/lib/${name}`) : [])];
  const browser = named('WEBKIT_PATH') ?? libraries.map((folder) => `${folder}/webkit2gtk-4.1/MiniBrowser`).find((file) => existsSync(file));
  return browser && onPath('WebKitWebDriver') && onPath('Xvfb') ? browser : null;
}

const engines = [
  { name: 'Firefox', variable: 'FIREFOX_PATH', packages: ['firefox-esr'], find: findFirefox, without: 'install Firefox, or set FIREFOX_PATH' },
  {
    name: 'WebKit',
    variable: 'WEBKIT_PATH',
    packages: ['webkit2gtk-driver', 'xvfb'],
    find: findWebKit,
    without: 'install WebKitWebDriver, WebKitGTK’s MiniBrowser (or set WEBKIT_PATH) and Xvfb',
  },
];

/**
 * Installs what is missing, where that is possible.
 *
 * @returns the browsers' paths by the names of their variables, and a sentence for each that is missing still.
 */
export function ensureEngines() {
  const paths = {};
  const missing = [];
  for (const { name, variable, packages, find, without } of engines) {
    const found = find() ?? (aptInstall(name, packages) ? find() : null);
    if (found) paths[variable] = found;
    else missing.push(`${name}: ${without}`);
  }
  return { paths, missing };
}
