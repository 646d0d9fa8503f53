/** WebKitGTK's MiniBrowser with a home of its own, on a display that nobody sees, driven through WebKitWebDriver. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { newProfile, type EngineBrowser, type EngineOptions } from './webdriver.ts';
import { ClassicSession } from './webdriver-classic.ts';

const MINI_BROWSERS = '/usr/{lib,libexec,lib/*}/webkit2gtk-4.1/MiniBrowser';

/** @throws Error when one of the three is missing; `npm test` installs them. */
export function findWebKit(): { driver: string; browser: string; display: string } {
  const [driver, display] = ['WebKitWebDriver', 'Xvfb'].map((name) => spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim());
  const browser = process.env['WEBKIT_PATH'] ?? globSync(MINI_BROWSERS)[0];
  if (!driver || !display || !browser || !existsSync(browser)) throw new Error('no WebKitGTK found: install WebKitWebDriver, its MiniBrowser and Xvfb');
  return { driver, browser, display };
}

export async function launchWebKit({ downloads, proxy }: EngineOptions): Promise<EngineBrowser> {
  const programs = findWebKit();
  const home = await newProfile('webkit');
  // Where GLib looks for the folder that downloads go to.
  await mkdir(path.join(home.folder, '.config'));
  await writeFile(path.join(home.folder, '.config', 'user-dirs.dirs'), `XDG_DOWNLOAD_DIR="${downloads}"\n`);
  const screen = spawn(programs.display, ['-displayfd', '3', '-screen', '0', '1280x1024x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const display = await firstLine(screen, 3);
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    LANG: 'C.UTF-8',
    HOME: home.folder,
    DISPLAY: `:${display}`,
    GDK_BACKEND: 'x11',
    LIBGL_ALWAYS_SOFTWARE: '1',
    NO_AT_BRIDGE: '1',
    WEBKIT_DISABLE_DMABUF_RENDERER: '1',
  };
  const driver = spawn(programs.driver, [`--port=${port}`], { stdio: 'ignore', detached: true, env });
  const address = `http://127.0.0.1:${port}`;
  await untilAnswering(address, driver);
  const session = await ClassicSession.start(address, {
    'webkitgtk:browserOptions': { binary: programs.browser, args: ['--automation'] },
    proxy: { proxyType: 'manual', httpProxy: new URL(proxy).host },
  });
  return {
    extension: '',
    open: (url) => session.open(url),
    async close() {
      await session.end();
      await end(driver, -driver.pid!);
      await end(screen, screen.pid!);
      await home.remove();
    },
  };
}

async function end(child: ChildProcess, pid: number): Promise<void> {
  const gone = once(child, 'exit');
  process.kill(pid, 'SIGKILL');
  await gone;
}

function firstLine(child: ChildProcess, stream: number): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdio[stream] as NodeJS.ReadableStream }).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`the display ended with ${code}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function untilAnswering(address: string, driver: ChildProcess): Promise<void> {
  for (;;) {
    if (driver.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${driver.exitCode}`);
    try {
      await fetch(`${address}/status`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50)); // it says nowhere that it listens
    }
  }
}
