import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { expect, test } from 'vitest';
import { recordAttempt } from '../../server/backup/status.ts';
import { composeWith, textOf, yamlOf } from '../kit/containers.ts';
import { scratchFolder } from '../kit/ops.ts';
import { startWorld } from '../kit/world.ts';

const backups = await scratchFolder();
const world = await startWorld({ BACKUP_DIR: backups, TRACE_SAMPLE_RATE: '1' });

interface Rules {
  groups: { rules: { alert: string; expr: string; labels: object; annotations: object }[] }[];
}
interface Dashboard {
  panels: { title: string; datasource?: { uid: string }; targets?: { expr: string }[] }[];
}

const alerts = yamlOf<Rules>('prometheus/alerts.yaml').groups.flatMap(({ rules }) => rules);
const { panels } = JSON.parse(textOf('grafana/taskwire.json')) as Dashboard;

const expressions = [
  ...alerts.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
];

/** Labels that Prometheus adds, and a metric that it creates itself. */
const OF_PROMETHEUS = { labels: ['job', 'instance'], metric: 'up' };

test('every alert and every panel uses metrics that a running server exposes', async () => {
  const { ada } = await world.people('Ada');
  await ada.query('query Look { viewer { name } }');
  await expect(ada.query('{ task(id: "no such thing") { id } nonsense }')).rejects.toThrow();
  const at = new Date().toISOString();
  const attempt = { at, succeeded: true, name: 'backup_20270131_030000', seconds: 1, bytes: 1, reason: null };
  await recordAttempt(backups, 'backup', attempt);
  await recordAttempt(backups, 'verification', attempt);
  const shown = await scrape();

  expect(expressions.length).toBeGreaterThan(30);
  for (const [of, expr] of expressions) {
    for (const { metric, labels } of selectorsOf(of, expr)) {
      if (metric === OF_PROMETHEUS.metric) continue;
      const samples = shown.get(metric);
      expect(samples, `${of}: ${metric}`).toBeDefined();
      for (const [label, value] of Object.entries(labels)) {
        if (OF_PROMETHEUS.labels.includes(label) || !samples?.length) continue;
        const values = samples.map((sample) => sample[label]);
        expect(values, `${of}: ${metric}{${label}}`).not.toContain(undefined);
        if (value !== undefined) expect(values, `${of}: ${metric}{${label}}`).toContain(value);
      }
    }
  }
});

test('an alert has a severity and an action, and a test that makes it fire', () => {
  const worlds = readFileSync(join(import.meta.dirname, 'alerts.yaml'), 'utf8');
  for (const { alert, labels, annotations } of alerts) {
    expect(labels, alert).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/) as string });
    expect(Object.keys(annotations), alert).toEqual(['summary', 'action']);
    expect(worlds).toContain(`alertname="${alert}"`);
  }
});

test('each alert fires in its test, and none fires in a healthy system', { timeout: 60_000 }, (context) => {
  const { status, stdout, stderr, error } = spawnSync('promtool', ['test', 'rules', 'alerts.yaml'], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  });
  if (error) {
    console.log('▸ There is no promtool, so the tests of the alerts are SKIPPED.');
    context.skip();
  }
  expect(status, `${stdout}${stderr}`).toBe(0);
});

test('the memory alert fires before the limit that ends the server', () => {
  const limit = composeWith({}).services['server-1']?.mem_limit;
  expect(limit).toBe('1g');
  const threshold = /> (\S+)/.exec(alerts.find(({ alert }) => alert === 'TaskwireMemory')?.expr ?? '')?.[1];
  expect(Number(threshold)).toBeLessThan(2 ** 30);
  expect(Number(threshold)).toBeGreaterThan(2 ** 29);
});

test('Grafana finds the dashboard at its path in the container, and Prometheus at its URL', () => {
  const { services } = composeWith({});
  const places = (services['grafana']?.volumes ?? []).map((volume) => volume.split(':')[1] ?? '');
  const place = places.find((path) => path.endsWith('/taskwire.json')) ?? '';
  expect(services['grafana']?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(place);
  const { providers } = yamlOf<{ providers: { options: { path: string } }[] }>('grafana/dashboards.yaml');
  expect(providers.map(({ options }) => options.path)).toEqual([dirname(place)]);
  const { datasources } = yamlOf<{ datasources: { uid: string; url: string }[] }>('grafana/prometheus.yaml');
  expect(Object.keys(services)).toContain(new URL(datasources[0]?.url ?? '').hostname);
  for (const { title, datasource } of panels)
    if (datasource) expect(datasource.uid, title).toBe(datasources[0]?.uid);
});

interface Selector {
  metric: string;
  /** The labels that the expression requires; undefined if any value matches. */
  labels: Record<string, string | undefined>;
}

/** @throws if Prometheus would reject the expression. */
function selectorsOf(of: string, given: string): Selector[] {
  // Grafana inserts a duration.
  const expr = given.replaceAll('$__rate_interval', '5m');
  const found: (Selector & Range)[] = [];
  const groups: (Range & { label: string })[] = [];
  parser.parse(expr).iterate({
    enter({ node, name, from, to }) {
      if (node.type.isError) throw new Error(`${of}: not understood at ${from}: ${expr}`);
      const text = expr.slice(from, to);
      if (name === 'VectorSelector') found.push({ from, to, metric: text.split('{')[0] ?? '', labels: {} });
      if (name === 'UnquotedLabelMatcher') {
        const [, label = '', operator, value] = /^(\w+)(=~|=|!=|!~)"(.*)"$/.exec(text) ?? [];
        Object.assign(found.at(-1)?.labels ?? {}, { [label]: operator === '=' ? value : undefined });
      }
      const aggregate = node.parent?.parent?.parent;
      if (name === 'LabelName' && aggregate?.name === 'AggregateExpr')
        groups.push({ label: text, from: aggregate.from, to: aggregate.to });
    },
  });
  for (const { label, from, to } of groups) {
    const inside = found.filter((selector) => selector.from >= from && selector.to <= to);
    for (const { labels } of inside) labels[label] ??= undefined;
  }
  return found;
}

interface Range {
  from: number;
  to: number;
}

/** The labels of each sample by metric, from a server's metrics. Some metrics have no sample yet. */
async function scrape(): Promise<Map<string, Record<string, string>[]>> {
  const page = await (await fetch(`${world.url}/metrics`)).text();
  const shown = new Map<string, Record<string, string>[]>();
  for (const [, name = '', type] of page.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const suffix of suffixes) shown.set(`${name}${suffix}`, []);
  }
  for (const [, name = '', labels = ''] of page.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const sample = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]);
    shown.get(name)?.push(Object.fromEntries(sample) as Record<string, string>);
  }
  return shown;
}
