/** A site that people right-click on: with members, hotlinks, redirects and refusals, and by its other name another site to a browser. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { bytesOf } from '../vectors/source/reference.ts';

/** One pixel. */
export const GIF = Buffer.from('R0lGODlhAQABAIAAAAtiUgAAACH5BAAAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
export const PICTURE = Buffer.from(bytesOf('picture', 300_000));
export const REPORT = Buffer.from(bytesOf('report', 2_000_000));
/** What `/large/N` repeats. */
export const PIECE = Buffer.from(bytesOf('large', 1_000_003));
/** More than a send carries. */
const TOO_MANY_BYTES = 2 ** 41;

export interface CaptureSite {
  readonly origin: string;
  /** The same server by its other name. */
  readonly elsewhere: string;
  /** Resolves when somebody asked for `/slow`, and holds it until `release`. */
  slow(): Promise<{ release(): void }>;
  stop(): Promise<void>;
}

const page = (elsewhere: string): string => `<!doctype html>
<html lang="en">
  <head>
    <title>A site</title>
    <link rel="stylesheet" href="/style.css" />
    <script>document.documentElement.dataset.ran = 'yes';</script>
  </head>
  <body onload="document.body.dataset.loaded = 'yes'">
    <p id="text">First line<br>second <b>line</b></p>
    <p>${'and more '.repeat(20)}</p>
    <img id="own" src="/members/picture" srcset="/members/picture 1x" alt="own">
    <img id="other" src="${elsewhere}/closed/picture.gif" alt="other">
    <div id="host"></div>
    <canvas id="drawing" width="2" height="2"></canvas>
    <a href="javascript:alert(1)">runs</a> <a id="next" href="next">next</a>
    <iframe src="/other" title="framed"></iframe>
    <script>
      document.querySelector('#host').attachShadow({ mode: 'open' }).innerHTML = '<p>in the shadow</p><img src="/pixel.gif" alt="">';
      const sheet = document.head.appendChild(document.createElement('style')).sheet;
      sheet.insertRule('#text { color: rgb(1, 2, 3); }');
      document.querySelector('#drawing').getContext('2d').fillRect(0, 0, 2, 2);
    </script>
  </body>
</html>`;
const STYLES = 'body { background: url(pixel.gif?css) } @font-face { font-family: own; src: url("font.woff2") } </style><script>alert(1)</script>';

export async function startCaptureSite(): Promise<CaptureSite> {
  let asked = Promise.withResolvers<{ release(): void }>();
  const server = createServer(answer);
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  const elsewhere = `http://127.0.0.1:${port}`;

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url!, origin);
    const bytes = (type: string, body: Buffer | string, headers: Record<string, string> = {}): void => {
      response.writeHead(200, { 'Content-Type': type, ...headers }).end(body);
    };
    const refuse = (status: number): void => void response.writeHead(status).end();
    const lead = (location: string): void => void response.writeHead(302, { Location: location }).end();
    const isMember = request.headers.cookie?.includes('session=open') ?? false;
    const large = /^\/(open\/)?large\/(\d+)$/.exec(pathname);
    if (large) return sendLarge(response, Number(large[2]), large[1] !== undefined);
    const status = /^\/status\/(\d+)$/.exec(pathname);
    if (status) return refuse(Number(status[1]));
    switch (pathname) {
      case '/page':
        return bytes('text/html', page(elsewhere), { 'Set-Cookie': 'session=open; Path=/; SameSite=Lax' });
      case '/style.css':
        return bytes('text/css', STYLES);
      case '/pixel.gif':
      case '/closed/picture.gif':
        return bytes('image/gif', GIF);
      case '/font.woff2':
        return bytes('font/woff2', 'a font');
      case '/members/picture':
        return isMember ? bytes('image/png', PICTURE) : refuse(403);
      case '/members/report.pdf':
        return isMember ? bytes('application/pdf', REPORT) : lead('/login');
      case '/walled/report.pdf':
        return lead('/login');
      case '/login':
        return bytes('text/html', '<!doctype html><title>Sign in</title>');
      case '/hotlink/picture.png':
        return request.headers.referer?.startsWith(origin) ? bytes('image/png', PICTURE) : refuse(403);
      case '/report':
        return lead('/files/final');
      case '/files/final':
        return bytes('application/pdf', REPORT, { 'Content-Disposition': 'attachment; filename="annual report.pdf"' });
      case '/away':
        return lead(`${elsewhere}/closed/picture.png`);
      case '/open/picture.png':
        return bytes('image/png', PICTURE, { 'Access-Control-Allow-Origin': '*' });
      case '/closed/picture.png':
        return bytes('image/png', PICTURE);
      case '/broken':
        response.writeHead(200, { 'Content-Type': 'application/pdf', 'Content-Length': REPORT.length });
        return void response.write(REPORT.subarray(0, 1_000_000), () => response.destroy());
      case '/endless':
        response.writeHead(200, { 'Content-Type': 'video/mp4', 'Content-Length': TOO_MANY_BYTES });
        return void response.write(REPORT);
      case '/slow':
        response.writeHead(200, { 'Content-Type': 'application/pdf', 'Content-Length': REPORT.length });
        return void response.write(REPORT.subarray(0, 1_000_000), () => asked.resolve({ release: () => response.end(REPORT.subarray(1_000_000)) }));
      case '/other':
        return bytes('text/html', '<!doctype html><title>Framed</title>');
      default:
        return refuse(404);
    }
  }

  return {
    origin,
    elsewhere,
    async slow() {
      const held = await asked.promise;
      asked = Promise.withResolvers();
      return held;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** As fast as it is taken. */
function sendLarge(response: ServerResponse, bytes: number, isOpen: boolean): void {
  response.writeHead(200, { 'Content-Type': 'video/mp4', 'Content-Length': bytes, ...(isOpen ? { 'Access-Control-Allow-Origin': '*' } : {}) });
  Readable.from(largeBytes(bytes)).pipe(response);
}

/** SHA-256 of what `/large/N` gives, in hex. */
export function largeSum(bytes: number): string {
  const hash = createHash('sha256');
  for (const piece of largeBytes(bytes)) hash.update(piece);
  return hash.digest('hex');
}

function* largeBytes(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= PIECE.length) yield PIECE.subarray(0, Math.min(left, PIECE.length));
}
