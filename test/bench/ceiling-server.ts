/**
 * The plain ceiling as a process of its own: takes a file by POST and writes it to disk, gives it back as a download,
 * swallows WebSocket messages, and serves the page that runs the stages in a browser. Prints its port, then serves.
 */
import { build } from 'esbuild';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WebSocketServer } from 'ws';

const folder = process.argv[2]!;
const bundle = await build({ entryPoints: [path.join(import.meta.dirname, 'stages.ts')], bundle: true, format: 'esm', platform: 'browser', target: 'es2023', write: false });
const script = bundle.outputFiles[0]!.contents;
const page = '<!doctype html><title>Bench</title><input type="file"><script type="module" src="/stages.js"></script>';

const server = createServer(async (request, response) => {
  try {
    const { pathname } = new URL(request.url!, 'http://localhost');
    response.setHeader('Access-Control-Allow-Origin', '*');
    if (request.method === 'POST') {
      await pipeline(request, createWriteStream(path.join(folder, 'posted')));
      response.end('stored');
    } else if (pathname === '/stages.js') response.setHeader('Content-Type', 'text/javascript').end(script);
    else if (pathname.startsWith('/file/')) {
      const file = path.join(folder, path.basename(pathname));
      response.setHeader('Content-Type', 'application/octet-stream').setHeader('Content-Disposition', 'attachment');
      response.setHeader('Content-Length', (await stat(file)).size);
      await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), response);
    } else response.setHeader('Content-Type', 'text/html').end(page);
  } catch {
    response.destroy();
  }
});
// Acknowledges every message with one byte, as a node acknowledges a shard.
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket) => socket.on('message', () => socket.send(Uint8Array.of(1))));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${address.port}\n`);
});
process.on('disconnect', () => process.exit(0));
