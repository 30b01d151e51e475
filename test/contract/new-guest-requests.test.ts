import {Secret} from '../../src/domain/secret.js'
import {NewGuestRepository} from '../../src/repositories/new-guest-repository.js'
import {TemplateRepository} from '../../src/repositories/template-repository.js'
import {itSendsValidRequests, requestsOf} from './request-recorder.js'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ4Yq1Zb0m0o1y4m1r1cQ9t8o7sXv1i6b8Qk2s6v9aN me@laptop'

describe('requests for new guests', () => {
  itSendsValidRequests(
    requestsOf((connection) => {
      const guests = new NewGuestRepository(connection)
      const templates = new TemplateRepository(connection)
      return [
        guests.create('lxc', 'pve1', 120, 'dns', {
          ostemplate: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
          hostname: 'dns',
          unprivileged: true,
          memory: 512,
          swap: 0,
          cores: 2,
          rootfs: 'local-lvm:8',
          mp0: 'nas:200,mp=/srv/files,backup=1',
          net0: 'name=eth0,bridge=vmbr0,ip=192.0.2.53/24,gw=192.0.2.1,ip6=auto,tag=20,firewall=1',
          net9: 'name=eth9,bridge=vmbr0,ip=dhcp',
          nameserver: '192.0.2.1 192.0.2.2',
          searchdomain: 'lab.example',
          features: 'nesting=1,keyctl=1',
          tags: 'infra;dns',
          pool: 'lab',
          description: 'a\nb',
          timezone: 'Europe/Berlin',
          onboot: true,
          protection: true,
          startup: 'order=2,up=30',
          'ssh-public-keys': `${KEY}\n${KEY}`,
          password: new Secret('not-so-secret'),
        }),
        templates.offered('pve1'),
        templates.download('pve1', 'local', 'alpine-3.20-default_20240908_amd64.tar.xz'),
      ]
    }),
  )
  itSendsValidRequests(
    requestsOf((connection) => {
      const templates = new TemplateRepository(connection)
      return [
        templates.ociTags('pve1', 'docker.io/library/nginx'),
        templates.ociPull('pve1', 'local', 'docker.io/library/nginx:1.27', 'nginx_1.27'),
      ]
    }),
    ['9.2'],
  )
})
