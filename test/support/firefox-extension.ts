/** The built extension in a Firefox. What people do in its menus, which no driver reaches, is told to it where the browser tells it. */
import path from 'node:path';
import type { BidiSession } from './webdriver-bidi.ts';
import type { EnginePage } from './webdriver.ts';

const FOLDER = path.join(import.meta.dirname, '..', '..', 'dist', 'extension', 'firefox-mv3');
const ID = 'shardsend@shardsend.dev';
const EXTENSION = `WebExtensionPolicy.getByID('${ID}').extension`;

/** What the browser tells about a click in the menu. */
export interface MenuClick {
  readonly mediaType?: string;
  readonly srcUrl?: string;
  readonly linkUrl?: string;
  readonly selectionText?: string;
}

export class FirefoxExtension {
  /** `moz-extension://…`, without a trailing slash. */
  readonly origin: string;
  readonly #session: BidiSession;

  private constructor(session: BidiSession, origin: string) {
    this.#session = session;
    this.origin = origin;
  }

  static async install(session: BidiSession): Promise<FirefoxExtension> {
    await session.send('webExtension.install', { extensionData: { type: 'path', path: FOLDER } });
    const host = await session.inBrowser<string>(`WebExtensionPolicy.getByID('${ID}').mozExtensionHostname`);
    return new FirefoxExtension(session, `moz-extension://${host}`);
  }

  /** On the entry of the menu, in the tab in front. @returns the send tab that opens. */
  clickMenu(click: MenuClick, pageUrl: string): Promise<EnginePage> {
    const told = { menuItemId: 'send', editable: false, frameId: 0, pageUrl, ...click };
    return this.#opened(`${EXTENSION}.emit('webext-menu-menuitem-click', ${JSON.stringify(told)}, gBrowser.selectedTab)`);
  }

  /** Ends the background, as the browser does when it is idle. */
  async endBackground(): Promise<void> {
    await this.#session.inBrowser(`${EXTENSION}.terminateBackground({ ignoreDevToolsAttached: true }).then(() => null)`);
  }

  /** What a person does gives the extension the right to the tab in front. */
  async #opened(action: string): Promise<EnginePage> {
    await this.#session.inBrowser(`(() => { ${EXTENSION}.tabManager.addActiveTabPermission(gBrowser.selectedTab); ${action}; return null; })()`);
    return this.#session.untilTab(`${this.origin}/send.html#job=`);
  }
}
