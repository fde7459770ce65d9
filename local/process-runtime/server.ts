/** The few endpoints of Docker's API that the emulator uses, over containers that are processes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Container, type ContainerRequest, type RuntimeSettings } from './containers.ts';

const API_VERSION = '1.43';
const STOP_GRACE_SECONDS = 10;

/** Containers by their id, and the server that makes and shows them. */
export class ProcessRuntime {
  readonly server: Server;
  readonly #containers = new Map<string, Container>();
  readonly #settings: RuntimeSettings;

  constructor(settings: RuntimeSettings) {
    this.#settings = settings;
    this.server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        sendJson(response, 500, { message: error instanceof Error ? error.message : String(error) });
      });
    });
  }

  /** Ends every container that still runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#containers.values()].map((container) => container.stop(0)));
    this.server.closeAllConnections();
    this.server.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://docker');
    const route = url.pathname.replace(/^\/v\d+\.\d+/, '');
    const method = request.method ?? 'GET';
    if (route === '/_ping') {
      response.writeHead(200, { 'api-version': API_VERSION }).end('OK');
    } else if (route === '/version') {
      sendJson(response, 200, {
        Version: '24.0.0',
        ApiVersion: API_VERSION,
        MinAPIVersion: '1.24',
        Os: process.platform,
      });
    } else if (route === '/containers/json') {
      sendJson(response, 200, this.#list(url.searchParams));
    } else if (route === '/containers/create' && method === 'POST') {
      const body = JSON.parse(await readBody(request)) as ContainerRequest;
      this.#create(response, url.searchParams.get('name') ?? 'container', body);
    } else if (route.startsWith('/images/')) {
      this.#inspectImage(response, route);
    } else {
      await this.#handleContainer(response, method, route, url.searchParams);
    }
  }

  async #handleContainer(
    response: ServerResponse,
    method: string,
    route: string,
    query: URLSearchParams,
  ): Promise<void> {
    const [, id = '', action = ''] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(route) ?? [];
    const container = this.#find(id);
    if (!container) {
      sendJson(response, 404, { message: `No such container: ${id}` });
      return;
    }
    switch (`${method} ${action}`) {
      case 'GET json':
        sendJson(response, 200, inspect(container));
        break;
      case 'POST start':
        if (container.status === 'created') container.start();
        response.writeHead(204).end();
        break;
      case 'GET logs':
        sendLogs(response, container, query.get('follow') === '1' || query.get('follow') === 'true');
        break;
      case 'POST wait':
        sendJson(response, 200, { StatusCode: await container.waitForExit(), Error: null });
        break;
      case 'POST stop':
        await container.stop(Number(query.get('t') ?? STOP_GRACE_SECONDS) * 1000);
        response.writeHead(204).end();
        break;
      case 'POST kill':
        container.signal('SIGKILL');
        await container.waitForExit();
        response.writeHead(204).end();
        break;
      case 'DELETE ':
        await container.stop(0);
        this.#containers.delete(container.id);
        response.writeHead(204).end();
        break;
      default:
        sendJson(response, 501, { message: `${method} ${route} is not supported by this runtime` });
    }
  }

  #create(response: ServerResponse, name: string, body: ContainerRequest): void {
    const image = this.#settings.images[body.Image];
    if (!image) {
      sendJson(response, 404, { message: `No such image: ${body.Image}` });
      return;
    }
    const container = new Container(name, body, image, this.#settings);
    this.#containers.set(container.id, container);
    sendJson(response, 201, { Id: container.id, Warnings: [] });
  }

  #inspectImage(response: ServerResponse, route: string): void {
    const name = decodeURIComponent(/^\/images\/(.+)\/json$/.exec(route)?.[1] ?? '');
    const entrypoint = this.#settings.images[name];
    if (entrypoint)
      sendJson(response, 200, { Id: `sha256:${name}`, RepoTags: [name], Config: { Entrypoint: entrypoint } });
    else sendJson(response, 404, { message: `No such image: ${name}` });
  }

  #find(idOrName: string): Container | undefined {
    return this.#containers.get(idOrName) ?? [...this.#containers.values()].find(({ name }) => name === idOrName);
  }

  /** `docker ps`: the running ones, or `all`, that carry every label asked for (`name` or `name=value`). */
  #list(query: URLSearchParams): readonly object[] {
    const { label = [] } = JSON.parse(query.get('filters') ?? '{}') as { readonly label?: readonly string[] };
    const all = query.get('all') === '1' || query.get('all') === 'true';
    return [...this.#containers.values()]
      .filter((container) => (all || container.status === 'running') && label.every((one) => hasLabel(container, one)))
      .map((container) => ({
        Id: container.id,
        Names: [`/${container.name}`],
        Image: container.request.Image,
        Labels: container.request.Labels ?? {},
        State: container.status,
        Status: container.status,
        Created: Math.floor(Date.parse(container.createdAt) / 1000),
      }));
  }
}

function hasLabel(container: Container, wanted: string): boolean {
  const separator = wanted.indexOf('=');
  const name = separator === -1 ? wanted : wanted.slice(0, separator);
  const value = container.request.Labels?.[name];
  return separator === -1 ? value !== undefined : value === wanted.slice(separator + 1);
}

function inspect(container: Container): object {
  return {
    Id: container.id,
    Name: `/${container.name}`,
    Image: container.request.Image,
    Created: container.createdAt,
    Config: {
      Image: container.request.Image,
      Labels: container.request.Labels ?? {},
      Env: container.request.Env ?? [],
      Cmd: container.argv,
      // Without a terminal the client expects framed logs.
      Tty: false,
    },
    State: {
      Status: container.status,
      Running: container.status === 'running',
      Pid: container.pid ?? 0,
      ExitCode: container.exitCode,
      StartedAt: container.startedAt,
      FinishedAt: container.finishedAt,
    },
    HostConfig: container.request.HostConfig ?? {},
    NetworkSettings: { Networks: { host: { IPAddress: '' } } },
  };
}

function sendLogs(response: ServerResponse, container: Container, follow: boolean): void {
  response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
  for (const framed of container.frames) response.write(framed);
  if (!follow || container.status === 'exited') {
    response.end();
    return;
  }
  const send = (framed: Buffer): void => void response.write(framed);
  container.on('output', send);
  container.once('exit', () => response.end());
  response.on('close', () => container.off('output', send));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'api-version': API_VERSION });
  response.end(JSON.stringify(body));
}
