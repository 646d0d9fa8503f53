// AssemblyScript, compiled by build.mjs: multiplies a matrix over GF(2^8) with columns of shard bytes.
//
// A product c·x is looked up by nibbles, c·x = low[x & 15] ^ high[x >> 4], sixteen bytes to a swizzle
// (Plank, Greenan, Miller: "Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions", FAST 2013).
// Indices never exceed 15, where relaxed_swizzle and swizzle are the same function.

// Every input's chunk is read once for each group of outputs: ten of them fit the nearest caches.
const CHUNK_BYTES: usize = 4096;

// How many outputs one pass produces, as a type: a condition on its size is decided at compile time.
type One = u8;
type Two = u16;
type Three = u32;
type Four = u64;

/**
 * Writes `outputs[j] = sum over i of coefficient(i, j) * inputs[i]` for every byte.
 *
 * @param coefficients - u32 addresses, [input][output], of the coefficient's 32-byte nibble table (low 16, high 16).
 * @param inputs - u32 addresses of the inputs.
 * @param outputs - u32 addresses of the outputs; none may overlap an input.
 * @param length - bytes, a multiple of 64.
 */
export function multiply(coefficients: usize, inputs: usize, inputCount: u32, outputs: usize, outputCount: u32, length: usize): void {
  for (let from: usize = 0; from < length; from += CHUNK_BYTES) {
    const to = min<usize>(from + CHUNK_BYTES, length);
    let done: u32 = 0;
    while (done < outputCount) {
      const c = coefficients + (done << 2);
      const o = outputs + (done << 2);
      const left = outputCount - done;
      if (left >= 4 && left != 5) {
        multiplyChunk<Four>(c, outputCount, inputs, inputCount, o, from, to);
        done += 4;
      } else if (left >= 3) {
        multiplyChunk<Three>(c, outputCount, inputs, inputCount, o, from, to);
        done += 3;
      } else if (left >= 2) {
        multiplyChunk<Two>(c, outputCount, inputs, inputCount, o, from, to);
        done += 2;
      } else {
        multiplyChunk<One>(c, outputCount, inputs, inputCount, o, from, to);
        done += 1;
      }
    }
  }
}

// Accumulators are named output, then vector: b2 is the third vector of the second output. Eight of them, with the
// input's nibbles and a table, are what sixteen registers hold: three and four outputs go by 32 bytes, fewer by 64.
function multiplyChunk<Outputs>(coefficients: usize, rowLength: u32, inputs: usize, inputCount: u32, outputs: usize, from: usize, to: usize): void {
  const rowBytes: usize = rowLength << 2;
  const inputsEnd = inputs + (inputCount << 2);
  const step: usize = sizeof<Outputs>() <= sizeof<Two>() ? 64 : 32;
  const nibble = i8x16.splat(0x0f);
  const outputA: usize = load<u32>(outputs);
  let outputB: usize = 0;
  let outputC: usize = 0;
  let outputD: usize = 0;
  if (sizeof<Outputs>() >= sizeof<Two>()) outputB = load<u32>(outputs, 4);
  if (sizeof<Outputs>() >= sizeof<Three>()) outputC = load<u32>(outputs, 8);
  if (sizeof<Outputs>() == sizeof<Four>()) outputD = load<u32>(outputs, 12);

  for (let at = from; at < to; at += step) {
    let a0 = i64x2.splat(0);
    let a1 = i64x2.splat(0);
    let a2 = i64x2.splat(0);
    let a3 = i64x2.splat(0);
    let b0 = i64x2.splat(0);
    let b1 = i64x2.splat(0);
    let b2 = i64x2.splat(0);
    let b3 = i64x2.splat(0);
    let c0 = i64x2.splat(0);
    let c1 = i64x2.splat(0);
    let d0 = i64x2.splat(0);
    let d1 = i64x2.splat(0);
    let row = coefficients;

    for (let input = inputs; input < inputsEnd; input += 4) {
      const source: usize = <usize>load<u32>(input) + at;
      const x0 = v128.load(source);
      const x1 = v128.load(source, 16);
      const low0 = v128.and(x0, nibble);
      const low1 = v128.and(x1, nibble);
      const high0 = v128.and(i16x8.shr_u(x0, 4), nibble);
      const high1 = v128.and(i16x8.shr_u(x1, 4), nibble);

      const tableA: usize = load<u32>(row);
      const lowA = v128.load(tableA);
      const highA = v128.load(tableA, 16);
      a0 = addProduct(a0, lowA, highA, low0, high0);
      a1 = addProduct(a1, lowA, highA, low1, high1);

      if (sizeof<Outputs>() <= sizeof<Two>()) {
        const x2 = v128.load(source, 32);
        const x3 = v128.load(source, 48);
        const low2 = v128.and(x2, nibble);
        const low3 = v128.and(x3, nibble);
        const high2 = v128.and(i16x8.shr_u(x2, 4), nibble);
        const high3 = v128.and(i16x8.shr_u(x3, 4), nibble);
        a2 = addProduct(a2, lowA, highA, low2, high2);
        a3 = addProduct(a3, lowA, highA, low3, high3);
        if (sizeof<Outputs>() == sizeof<Two>()) {
          const tableB: usize = load<u32>(row, 4);
          const lowB = v128.load(tableB);
          const highB = v128.load(tableB, 16);
          b0 = addProduct(b0, lowB, highB, low0, high0);
          b1 = addProduct(b1, lowB, highB, low1, high1);
          b2 = addProduct(b2, lowB, highB, low2, high2);
          b3 = addProduct(b3, lowB, highB, low3, high3);
        }
      } else {
        const tableB: usize = load<u32>(row, 4);
        const lowB = v128.load(tableB);
        const highB = v128.load(tableB, 16);
        b0 = addProduct(b0, lowB, highB, low0, high0);
        b1 = addProduct(b1, lowB, highB, low1, high1);
        const tableC: usize = load<u32>(row, 8);
        const lowC = v128.load(tableC);
        const highC = v128.load(tableC, 16);
        c0 = addProduct(c0, lowC, highC, low0, high0);
        c1 = addProduct(c1, lowC, highC, low1, high1);
        if (sizeof<Outputs>() == sizeof<Four>()) {
          const tableD: usize = load<u32>(row, 12);
          const lowD = v128.load(tableD);
          const highD = v128.load(tableD, 16);
          d0 = addProduct(d0, lowD, highD, low0, high0);
          d1 = addProduct(d1, lowD, highD, low1, high1);
        }
      }
      row += rowBytes;
    }

    v128.store(outputA + at, a0);
    v128.store(outputA + at, a1, 16);
    if (sizeof<Outputs>() <= sizeof<Two>()) {
      v128.store(outputA + at, a2, 32);
      v128.store(outputA + at, a3, 48);
    }
    if (sizeof<Outputs>() >= sizeof<Two>()) {
      v128.store(outputB + at, b0);
      v128.store(outputB + at, b1, 16);
    }
    if (sizeof<Outputs>() == sizeof<Two>()) {
      v128.store(outputB + at, b2, 32);
      v128.store(outputB + at, b3, 48);
    }
    if (sizeof<Outputs>() >= sizeof<Three>()) {
      v128.store(outputC + at, c0);
      v128.store(outputC + at, c1, 16);
    }
    if (sizeof<Outputs>() == sizeof<Four>()) {
      v128.store(outputD + at, d0);
      v128.store(outputD + at, d1, 16);
    }
  }
}

function addProduct(sum: v128, low: v128, high: v128, lowIndex: v128, highIndex: v128): v128 {
  return v128.xor(sum, v128.xor(lookUp(low, lowIndex), lookUp(high, highIndex)));
}

function lookUp(table: v128, index: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? i8x16.relaxed_swizzle(table, index) : i8x16.swizzle(table, index);
}
