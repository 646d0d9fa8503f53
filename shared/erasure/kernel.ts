// Loads the wasm kernel and owns its memory: what the kernel reads to know its work, then room for the caller.
//
//   0      nibble tables of all 256 coefficients, 32 bytes each
//   8192   addresses of the inputs, 255 × u32
//   9212   addresses of the outputs, 255 × u32
//   10232  addresses of the coefficients' tables, u32, [input][output]
//   …      the caller's room, aligned to 64 bytes

import { buildNibbleTables, NIBBLE_TABLE_BYTES } from './field.ts';
import { PLAIN_KERNEL_BASE64, RELAXED_KERNEL_BASE64 } from './kernel.generated.ts';
import type { Matrix } from './matrix.ts';

/** `relaxed` needs an engine with relaxed SIMD and is faster; results are the same. */
export type KernelVariant = 'plain' | 'relaxed';

/** The kernel works in whole blocks of this many bytes. */
export const BLOCK_BYTES = 64;

const MAX_SHARDS = 255;
const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
const U32_BYTES = 4;
const INPUTS_OFFSET = 256 * NIBBLE_TABLE_BYTES;
const OUTPUTS_OFFSET = INPUTS_OFFSET + MAX_SHARDS * U32_BYTES;
const COEFFICIENTS_OFFSET = OUTPUTS_OFFSET + MAX_SHARDS * U32_BYTES;

const KERNELS: Record<KernelVariant, Uint8Array<ArrayBuffer>> = {
  plain: decodeBase64(PLAIN_KERNEL_BASE64),
  relaxed: decodeBase64(RELAXED_KERNEL_BASE64),
};

type MultiplyExport = (coefficients: number, inputs: number, inputCount: number, outputs: number, outputCount: number, length: number) => void;

/** @returns the faster of the kernels that this engine can run. */
export function chooseKernelVariant(): KernelVariant {
  return WebAssembly.validate(KERNELS.relaxed) ? 'relaxed' : 'plain';
}

/** One instance of the kernel with its memory, which never grows: views of it stay valid. */
export class Kernel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Address of the caller's room. */
  readonly roomOffset: number;
  readonly #words: Uint32Array;
  readonly #multiply: MultiplyExport;
  #loaded: Matrix | undefined;

  private constructor(memory: WebAssembly.Memory, roomOffset: number, multiply: MultiplyExport) {
    this.bytes = new Uint8Array(memory.buffer);
    this.roomOffset = roomOffset;
    this.#words = new Uint32Array(memory.buffer);
    this.#multiply = multiply;
    this.bytes.set(buildNibbleTables());
  }

  /**
   * @param maxCoefficients - the most elements that a matrix will have.
   * @param roomBytes - for the caller.
   * @throws RangeError when that is more memory than WebAssembly has or the engine gives.
   * @throws WebAssembly.CompileError when the engine has no SIMD, or forbids WebAssembly.
   */
  static async create(variant: KernelVariant, maxCoefficients: number, roomBytes: number): Promise<Kernel> {
    const roomOffset = roundUp(COEFFICIENTS_OFFSET + maxCoefficients * U32_BYTES, BLOCK_BYTES);
    const pages = Math.ceil((roomOffset + roomBytes) / PAGE_BYTES);
    if (pages > MAX_PAGES) throw new RangeError('the shards need more than 4 GiB of memory');
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    const { instance } = await WebAssembly.instantiate(KERNELS[variant], { env: { memory } });
    return new Kernel(memory, roomOffset, instance.exports['multiply'] as MultiplyExport);
  }

  /**
   * Writes each output as the sum of the inputs times the factors in its row.
   *
   * The work is done in whole blocks: up to BLOCK_BYTES - 1 bytes after `length` are read from inputs, and written to
   * outputs. Each byte of an output depends only on the bytes of the inputs at the same position.
   *
   * @param matrix - a row for each output, of one factor for each input; not changed after its first use here.
   * @param inputs - addresses.
   * @param outputs - addresses, at least one; none overlaps another or an input.
   */
  multiply(matrix: Matrix, inputs: readonly number[], outputs: readonly number[], length: number): void {
    this.#load(matrix);
    this.#words.set(inputs, INPUTS_OFFSET / U32_BYTES);
    this.#words.set(outputs, OUTPUTS_OFFSET / U32_BYTES);
    this.#multiply(COEFFICIENTS_OFFSET, INPUTS_OFFSET, inputs.length, OUTPUTS_OFFSET, outputs.length, roundUp(length, BLOCK_BYTES));
  }

  #load(matrix: Matrix): void {
    if (matrix === this.#loaded) return;
    const start = COEFFICIENTS_OFFSET / U32_BYTES;
    for (const [output, row] of matrix.entries()) {
      for (const [input, coefficient] of row.entries()) {
        this.#words[start + input * matrix.length + output] = coefficient * NIBBLE_TABLE_BYTES;
      }
    }
    this.#loaded = matrix;
  }
}

export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
