import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startProcess } from '../../../ops/drills/server-process.ts';
import { send } from '../../../ops/drills/workspace.ts';
import { freshDatabase } from '../../kit/database.ts';

const databaseUrl = await freshDatabase();

interface Span {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
}

interface Message {
  resourceSpans?: { resource: { attributes: unknown[] }; scopeSpans: { spans: Span[] }[] }[];
  resourceMetrics?: { scopeMetrics: { metrics: { name: string }[] }[] }[];
}

test('[T060] a collector gets an operation’s trace with its statements, within the caller’s trace, and metrics', async () => {
  const messages: Message[] = [];
  const collector = createServer((request, response) => {
    let text = '';
    request
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .once('end', () => {
        messages.push(JSON.parse(text) as Message);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  onTestFinished(() => void collector.close());
  const { port } = collector.address() as AddressInfo;
  const server = await startProcess({
    DATABASE_URL: databaseUrl,
    AUTH_SECRET: 'a secret that guards nothing but tests',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_METRIC_EXPORT_INTERVAL: '300',
    OTEL_METRIC_EXPORT_TIMEOUT: '200',
  });
  onTestFinished(() => server.kill());
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({
      query:
        'mutation Join($email: String!) { signUp(input: { name: "Ada", email: $email, password: "correct horse battery" }) { token } }',
      variables: { email: 'ada.of.the.trace@example.com' },
    }),
  });
  expect(response.status).toBe(200);

  const spans = () =>
    messages.flatMap(({ resourceSpans }) =>
      (resourceSpans ?? []).flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
  await expect.poll(() => spans().map(({ name }) => name), { timeout: 10_000 }).toContain('graphql Join');
  const operation = spans().find(({ name }) => name === 'graphql Join');
  expect(operation).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331' });
  const statements = spans().filter(({ parentSpanId }) => parentSpanId === operation?.spanId);
  expect(statements.map(({ name }) => name)).toContain('sql INSERT users');
  for (const { startTimeUnixNano, endTimeUnixNano } of statements) {
    expect(BigInt(startTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(operation?.startTimeUnixNano ?? 0));
    expect(BigInt(endTimeUnixNano)).toBeLessThanOrEqual(BigInt(operation?.endTimeUnixNano ?? 0));
  }
  const metrics = () =>
    messages.flatMap(({ resourceMetrics }) =>
      (resourceMetrics ?? []).flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics)),
    );
  await expect
    .poll(() => metrics().map(({ name }) => name), { timeout: 10_000 })
    .toEqual(expect.arrayContaining(['taskwire.operation.duration', 'taskwire.database.connections']));
  const sent = JSON.stringify(messages);
  expect(sent).toContain('"taskwire"');
  expect(sent).toContain('deployment.environment.name');
  expect(sent).not.toMatch(/ada\.of\.the\.trace|correct horse/);
});

test('[T060] a collector that does not respond does not delay the stop', async () => {
  const collector = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  onTestFinished(() => {
    collector.closeAllConnections();
    collector.close();
  });
  const { port } = collector.address() as AddressInfo;
  const server = await startProcess({
    DATABASE_URL: databaseUrl,
    AUTH_SECRET: 'a secret that guards nothing but tests',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  });
  await send(server.url, undefined, '{ __typename }');
  const began = performance.now();
  expect(await server.stop()).toBe(0);
  expect(performance.now() - began).toBeLessThan(8_000);
}, 60_000);
