/** Counters of one node and their Prometheus text (exposition format 0.0.4). */
const COUNTERS = {
  stored_shards_total: 'Shards written and acknowledged.',
  stored_bytes_total: 'Bytes of shards written and acknowledged.',
  fetched_shards_total: 'Shards sent to clients.',
  fetched_bytes_total: 'Bytes of shards sent to clients.',
  refused_total: 'Requests and shards refused, by code.',
  expired_shards_total: 'Shards deleted because their time was over.',
  deleted_shards_total: 'Shards deleted by order.',
  damaged_shards_total: 'Shard files found torn or foreign, and dropped.',
  audited_leaves_total: 'Leaves that audits asked for, by outcome.',
  inventories_total: 'Comparisons of what is held with the coordinator, by outcome.',
  rebuilds_total: 'Rebuild jobs, by outcome.',
  heartbeats_total: 'Messages to the coordinator, by outcome.',
} as const;
export type CounterName = keyof typeof COUNTERS;

export interface Gauge {
  readonly name: string;
  readonly help: string;
  readonly value: number;
  readonly label?: readonly [name: string, value: string];
}

const PREFIX = 'shardsend_node_';

export class Metrics {
  readonly #counts = new Map<CounterName, Map<string, number>>();

  /** @param label - the counter's one label and its value, from closed sets alone. */
  add(name: CounterName, by = 1, label?: readonly [name: string, value: string]): void {
    const series = this.#counts.get(name) ?? new Map<string, number>();
    const key = label === undefined ? '' : `{${label[0]}="${label[1]}"}`;
    series.set(key, (series.get(key) ?? 0) + by);
    this.#counts.set(name, series);
  }

  refused(code: string): void {
    this.add('refused_total', 1, ['code', code]);
  }

  render(gauges: readonly Gauge[]): string {
    const lines: string[] = [];
    let before = '';
    for (const { name, help, value, label } of gauges) {
      if (name !== before) lines.push(`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} gauge`);
      before = name;
      lines.push(`${PREFIX}${name}${label === undefined ? '' : `{${label[0]}="${label[1]}"}`} ${value}`);
    }
    for (const [name, help] of Object.entries(COUNTERS) as [CounterName, string][]) {
      lines.push(`# HELP ${PREFIX}${name} ${help}`, `# TYPE ${PREFIX}${name} counter`);
      const series = this.#counts.get(name);
      if (series === undefined) lines.push(`${PREFIX}${name} 0`);
      else for (const [key, count] of series) lines.push(`${PREFIX}${name}${key} ${count}`);
    }
    return `${lines.join('\n')}\n`;
  }
}
