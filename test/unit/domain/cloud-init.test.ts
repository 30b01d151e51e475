import {expect} from 'chai'
import {
  cloudInitValues,
  decodeSshKeys,
  type CloudInitBefore,
  type CloudInitSpec,
} from '../../../src/domain/cloud-init.js'
import {parsePublicKeys} from '../../../src/domain/ssh-key.js'

const ED25519 = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5C5f/1E5oS+2uVY0yCwO6mBvQbiZsJQdr1cSrwCq+9 ann+web@lab's laptop`

const values = (spec: CloudInitSpec, before?: CloudInitBefore) => cloudInitValues(spec, before)._unsafeUnwrap()
const refusal = (spec: CloudInitSpec, before?: CloudInitBefore) => cloudInitValues(spec, before)._unsafeUnwrapErr()

describe('cloud-init values', () => {
  it('says nothing of what nobody asked for', () => {
    expect(values({})).to.deep.equal({})
  })

  it('percent-encodes the keys with characters that Proxmox VE takes, and reads them back', () => {
    const {sshkeys = ''} = values({sshKeys: [ED25519, ED25519.replace('ann', 'bob')]})
    expect(sshkeys).to.match(/^[-%\w.!~*'()]+$/)
    expect(sshkeys).to.contain('%20').and.contain('%0A').and.contain('%2B').and.not.contain('+')
    expect(decodeSshKeys(sshkeys).split('\n')).to.deep.equal([ED25519, ED25519.replace('ann', 'bob')])
    expect(decodeSshKeys('100%')).to.equal('100%')
  })

  it('gives addresses to the first NIC or to the one that is named', () => {
    expect(values({ip: ['192.0.2.5/24', 'net2=dhcp'], ip6: ['net2=auto']})).to.deep.equal({
      ipconfig0: 'ip=192.0.2.5/24',
      ipconfig2: 'ip=dhcp,ip6=auto',
    })
    expect(values({ip: ['192.0.2.5/24'], gateway: '192.0.2.1'})).to.deep.equal({
      ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1',
    })
    expect(values({ip: ['net1=192.0.2.5/24'], gateway: '192.0.2.1'})).to.deep.equal({
      ipconfig1: 'ip=192.0.2.5/24,gw=192.0.2.1',
    })
    expect(values({ip6: ['net0=2001:db8::5/64,gw=fe80::1']})).to.deep.equal({
      ipconfig0: 'ip6=2001:db8::5/64,gw6=fe80::1',
    })
  })

  it('leaves what it is not about as it is', () => {
    const before = {ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1,ip6=auto', cicustom: 'network=local:snippets/net.yml'}
    expect(values({ip: ['192.0.2.9/24']}, before).ipconfig0).to.equal('ip=192.0.2.9/24,gw=192.0.2.1,ip6=auto')
    expect(values({ip6: ['dhcp']}, before).ipconfig0).to.equal('ip=192.0.2.5/24,gw=192.0.2.1,ip6=dhcp')
    expect(values({gateway: '192.0.2.254'}, before).ipconfig0).to.equal('ip=192.0.2.5/24,gw=192.0.2.254,ip6=auto')
    expect(values({custom: ['user=nas:snippets/u.yml']}, before).cicustom).to.equal(
      'network=local:snippets/net.yml,user=nas:snippets/u.yml',
    )
  })

  it('drops a gateway that the new address cannot reach', () => {
    const before = {ipconfig0: 'ip=192.0.2.5/24,gw=192.0.2.1'}
    expect(values({ip: ['198.51.100.5/24']}, before).ipconfig0).to.equal('ip=198.51.100.5/24')
    expect(values({ip: ['dhcp']}, before).ipconfig0).to.equal('ip=dhcp')
  })

  it('writes name servers, search domain, user and upgrade', () => {
    expect(
      values({
        user: 'admin',
        dns: ['192.0.2.53,2001:db8::53', '192.0.2.54'],
        searchDomain: 'lab.example',
        upgrade: false,
      }),
    ).to.deep.equal({
      ciuser: 'admin',
      nameserver: '192.0.2.53 2001:db8::53 192.0.2.54',
      searchdomain: 'lab.example',
      ciupgrade: '0',
    })
  })

  const wrong: readonly [string, CloudInitSpec, string][] = [
    ['an address without a prefix', {ip: ['192.0.2.5']}, '--ip'],
    ['a prefix that is too long', {ip: ['192.0.2.5/33']}, '--ip'],
    ['an octet past 255', {ip: ['192.0.2.256/24']}, '--ip'],
    ['an IPv6 address as IPv4', {ip: ['2001:db8::5/64']}, '--ip'],
    ['an IPv4 address as IPv6', {ip6: ['192.0.2.5/24']}, '--ip6'],
    ['SLAAC for IPv4', {ip: ['auto']}, '--ip'],
    ['two addresses for one NIC', {ip: ['dhcp', 'net0=192.0.2.5/24']}, '--ip'],
    ['a NIC that cannot exist', {ip: ['net32=dhcp']}, '--ip'],
    ['a gateway without an address', {gateway: '192.0.2.1'}, 'fixed address'],
    ['a gateway beside DHCP', {ip: ['dhcp'], gateway: '192.0.2.1'}, 'fixed address'],
    ['a gateway for two NICs', {ip: ['192.0.2.5/24', 'net1=192.0.2.6/24'], gateway: '192.0.2.1'}, '--gateway'],
    ['a gateway with a prefix', {ip: ['192.0.2.5/24'], gateway: '192.0.2.1/24'}, '--gateway'],
    ['the guest as its own gateway', {ip: ['192.0.2.5/24'], gateway: '192.0.2.5'}, '--gateway'],
    ['an IPv4 gateway for IPv6', {ip6: ['2001:db8::5/64'], gateway6: '192.0.2.1'}, '--gateway6'],
    ['a name server by name', {dns: ['dns.lab']}, '--dns'],
    ['a user with a colon', {user: 'a:b'}, '--user'],
    ['a search domain with a slash', {searchDomain: 'lab/example'}, '--search'],
    ['a custom file of no known kind', {custom: ['users=local:snippets/x.yml']}, '--cicustom'],
    ['a custom file that is no snippet', {custom: ['user=local:iso/x.yml']}, '--cicustom'],
  ]
  for (const [what, spec, said] of wrong) {
    it(`refuses ${what}`, () => {
      const {kind, message, hint} = refusal(spec)
      expect(kind).to.equal('usage')
      expect(message).to.contain(said)
      expect(hint).to.be.a('string')
    })
  }
})

describe('public SSH keys', () => {
  it('reads one a line, each once, without comments', () => {
    const text = `# mine\r\n${ED25519}\r\n\n  ${ED25519}\nfrom="192.0.2.0/24" ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB me\n`
    expect(parsePublicKeys(text, 'keys.pub')._unsafeUnwrap()).to.deep.equal([
      ED25519,
      'from="192.0.2.0/24" ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB me',
    ])
  })

  it('refuses a private key without showing it, and names the line of what is no key', () => {
    const secret = 'b3BlbnNzaC1rZXktdjEAAAA'
    const refused = parsePublicKeys(`-----BEGIN OPENSSH PRIVATE KEY-----\n${secret}\n`, 'id_ed25519')._unsafeUnwrapErr()
    expect(refused.message).to.contain('private key')
    expect(JSON.stringify(refused)).not.to.contain(secret)
    expect(parsePublicKeys(`${ED25519}\nhello\n`, 'k')._unsafeUnwrapErr().message).to.contain('line 2')
    expect(parsePublicKeys('\n# none\n', 'k')._unsafeUnwrapErr().message).to.contain('no public key')
  })
})
