// Compiles multiply.ts with and without relaxed SIMD and writes both as base64 into one module.
// Usage: node shared/erasure/kernel/build.mjs [output file]; the committed output is ../kernel.generated.ts.

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const SOURCE_DIRECTORY = fileURLToPath(new URL('.', import.meta.url));
const DEFAULT_OUTPUT = fileURLToPath(new URL('../kernel.generated.ts', import.meta.url));
const OPTIONS = ['--runtime', 'stub', '--importMemory', '--noExportMemory', '--noAssert', '-O3'];

const plain = await compile('simd');
const relaxed = await compile('simd,relaxed-simd');
await writeFile(process.argv[2] ?? DEFAULT_OUTPUT, renderModule(plain, relaxed));

/** @returns {Promise<Buffer>} the wasm module, which imports its memory as `env.memory` and exports `multiply`. */
async function compile(features) {
  let wasm;
  const { error } = await asc.main(['multiply.ts', '--baseDir', SOURCE_DIRECTORY, '--outFile', 'multiply.wasm', '--enable', features, ...OPTIONS], {
    stderr: process.stderr,
    writeFile(_name, contents) {
      wasm = Buffer.from(contents);
    },
  });
  if (error) throw new Error(`couldn't compile the kernel with ${features}`, { cause: error });
  return wasm;
}

function renderModule(plainWasm, relaxedWasm) {
  return `// Written by kernel/build.mjs from kernel/multiply.ts: change those and run it again.

/** A wasm module that uses SIMD, ${plainWasm.length} bytes. */
export const PLAIN_KERNEL_BASE64 =
  '${plainWasm.toString('base64')}';

/** The same with relaxed SIMD, ${relaxedWasm.length} bytes. */
export const RELAXED_KERNEL_BASE64 =
  '${relaxedWasm.toString('base64')}';
`;
}
