import {createHash} from 'node:crypto'
import http from 'node:http'
import type {AddressInfo} from 'node:net'

import {ConfigFolder} from './config-folder.js'

/** A web server with an image and a list of checksums, and a configuration that knows them as `lab-1`. */
export class ImageServer {
  /** Requests by method and path, in order. */
  readonly asked: string[] = []
  /** What the list says; undefined: the truth. */
  published: string | undefined
  image = Buffer.alloc(5000, 7)
  private silent = false

  private constructor(
    private readonly server: http.Server,
    readonly configuration: ConfigFolder,
  ) {}

  static async start(): Promise<ImageServer> {
    const server = http.createServer()
    const images = new ImageServer(server, new ConfigFolder())
    server.on('request', (request, response) => images.answer(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    images.configuration.write(
      'config.yaml',
      `images:
  lab-1: {url: ${images.url}, checksumUrl: ${images.base}/SHA256SUMS, title: Lab 1, user: ops}
  other-1: {url: "${images.base}/other.img", checksumUrl: "${images.base}/other.img.sha256"}
`,
    )
    return images
  }

  get base(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get url(): string {
    return `${this.base}/lab-cloudimg-amd64.img`
  }

  get sha256(): string {
    return createHash('sha256').update(this.image).digest('hex')
  }

  /** Of the file on a storage. */
  get file(): string {
    return `lab-cloudimg-amd64-sha256-${this.sha256.slice(0, 16)}.qcow2`
  }

  /** How often the image was downloaded. */
  get served(): number {
    return this.asked.filter((request) => request === 'GET /lab-cloudimg-amd64.img').length
  }

  /** From now on nothing is said about checksums. */
  closeLists(): void {
    this.silent = true
  }

  close(): void {
    this.server.closeAllConnections()
    this.server.close()
    this.configuration.remove()
  }

  private answer({method, url = ''}: http.IncomingMessage, response: http.ServerResponse): void {
    this.asked.push(`${method} ${url}`)
    const sum = this.published ?? this.sha256
    if (this.silent && !url.endsWith('.img')) response.writeHead(404).end()
    else if (url === '/SHA256SUMS') response.end(`${'0'.repeat(64)} *other.vmdk\n${sum} *lab-cloudimg-amd64.img\n`)
    else if (url === '/other.img.sha256') response.end(`${sum}  other-build-7.img\n`)
    else if (url.endsWith('.img')) {
      response.setHeader('content-length', this.image.length)
      response.end(method === 'GET' ? this.image : undefined)
    } else response.writeHead(404).end()
  }
}
