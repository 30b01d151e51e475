import {expect} from 'chai'
import {loadSchema, PVE_VERSIONS, type PropertySchema, type PveVersion} from '../../../src/schema/schema.js'
import {findFormat} from '../../../src/simulator/front-door/formats.js'

function problem(format: string, value: string, version: PveVersion = '9.2'): string | undefined {
  const check = findFormat(format)
  if (check === undefined) throw new Error(`no format ${format}`)
  return check(value, {version})
}

/** Format -> values that are right, and values that are wrong with what is said about them. */
const CASES: Readonly<
  Record<string, {readonly right: readonly string[]; readonly wrong: Readonly<Record<string, string>>}>
> = {
  'pve-vmid': {
    right: ['100', '999999999'],
    wrong: {'99': 'value does not look like a valid VM ID', '0100': 'value does not look like a valid VM ID'},
  },
  'pve-node': {
    right: ['a', 'pve-1'],
    wrong: {'-x': 'value does not look like a valid node name', 'a.b': 'value does not look like a valid node name'},
  },
  'pve-storage-id': {
    right: ['local-lvm', 'A.b_c'],
    wrong: {a: "storage ID 'a' contains illegal characters", '1x': "storage ID '1x' contains illegal characters"},
  },
  'pve-configid': {
    right: ['ab', 'A_-1'],
    wrong: {a: "invalid configuration ID 'a'", 'a b': "invalid configuration ID 'a b'"},
  },
  'dns-name': {
    right: ['web', 'a.b-c.d'],
    wrong: {
      a_b: 'value does not look like a valid DNS name',
      '': 'value does not look like a valid DNS name',
      'a.': 'value does not look like a valid DNS name',
    },
  },
  'pve-tag-list': {
    right: ['', 'a;b c,d', '_x+1.0'],
    wrong: {'ok;bad!': 'invalid characters in tag', '-a': 'invalid characters in tag'},
  },
  'pve-poolid': {
    right: ['a', 'a/b/c'],
    wrong: {
      'a b': "pool name 'a b' contains invalid characters",
      'a/b/c/d': "pool name 'a/b/c/d' nested too deeply (max levels = 3)",
    },
  },
  'pve-userid': {
    right: ['a@b1', 'j.doe@pve'],
    wrong: {
      ab: "user name 'ab' is too short",
      nobody: "value 'nobody' does not look like a valid user name",
      [`${'x'.repeat(61)}@pve`]: `user name '${'x'.repeat(61)}@pve' is too long (65 > 64)`,
    },
  },
  'pve-tokenid-list': {
    right: ['a@pve!ci,b@pam!t-1'],
    wrong: {'a@pve': "value 'a@pve' does not look like a valid token ID"},
  },
  'pve-priv-list': {
    right: ['VM.Audit Sys.Audit', 'VM.GuestAgent.Audit'],
    wrong: {'VM.Monitor': "invalid privilege 'VM.Monitor'", nope: "invalid privilege 'nope'"},
  },
  'pve-volume-id': {right: ['local:iso/a.iso', 'ab:8'], wrong: {local: "unable to parse volume ID 'local'"}},
  'pve-volume-id-or-qm-path': {
    right: ['none', 'cdrom', '/dev/sr0', 'local:8'],
    wrong: {x: "unable to parse volume ID 'x'"},
  },
  'pve-volume-id-or-absolute-path': {right: ['/srv/x', 'local:8'], wrong: {none: "unable to parse volume ID 'none'"}},
  'disk-size': {
    right: ['10', '1.5G', '4GiB'],
    wrong: {
      '4GB': 'value does not look like a valid disk size: 4GB',
      '-1': 'value does not look like a valid disk size: -1',
    },
  },
  'pve-storage-content-list': {
    right: ['iso,backup', 'import', 'none'],
    wrong: {movies: "invalid content type 'movies'"},
  },
  ip: {
    right: ['10.0.0.1', 'fd00::1'],
    wrong: {
      '10.0.0': 'value does not look like a valid IP address',
      'fe80::1%eth0': 'value does not look like a valid IP address',
    },
  },
  CIDR: {
    right: ['10.0.0.1/8', 'fd00::1/64'],
    wrong: {
      '10.0.0.1/7': 'value does not look like a valid CIDR network',
      '10.0.0.1': 'value does not look like a valid CIDR network',
    },
  },
  CIDRv4: {right: ['10.0.0.1/24'], wrong: {'10.0.0.1/99': 'value does not look like a valid IPv4 CIDR network'}},
  CIDRv6: {right: ['::1/128'], wrong: {'::1/129': 'value does not look like a valid IPv6 CIDR network'}},
  ipv4mask: {
    right: ['255.255.255.0', '0.0.0.0', '255.255.255.255'],
    wrong: {'255.0.255.0': 'value does not look like a valid IP netmask'},
  },
  'pve-ipv4-config': {
    right: ['dhcp', 'manual', '10.0.0.5/24'],
    wrong: {auto: 'value does not look like a valid ipv4 network configuration'},
  },
  'pve-ipv6-config': {
    right: ['dhcp', 'auto', 'fd00::5/64'],
    wrong: {x: 'value does not look like a valid ipv6 network configuration'},
  },
  'mac-addr': {
    right: ['BC:24:11:00:00:01'],
    wrong: {'01:00:00:00:00:00': 'value does not look like a valid unicast MAC address'},
  },
  'email-opt': {right: ['', '0', 'a+b@example.org'], wrong: {'a@': 'value does not look like a valid email address'}},
  'pve-iface': {
    right: ['eth0', 'vmbr0.5', 'bond0:1'],
    wrong: {'bridge one': "invalid network interface name 'bridge one'"},
  },
  'pve-vlan-id-or-range-list': {
    right: ['2-4094', '5 7'],
    wrong: {
      '1': "invalid VLAN tag '1'",
      '5-4': "VLAN range must go from lower to higher tag '5-4'",
      x: "invalid VLAN configuration 'x'",
    },
  },
  'lxc-ip-with-ll-iface-list': {
    right: ['fe80::1%eth0,10.0.0.1'],
    wrong: {'fd00::1%eth0': 'value does not look like a valid IP address'},
  },
  'pve-sdn-zone-id': {
    right: ['zone1'],
    wrong: {
      toolongname: "zone ID 'toolongname' can't be more length than 8 characters",
      '1a': "zone ID '1a' contains illegal characters",
    },
  },
  'storage-pair-list': {
    right: ['1', 'local:other', 'local:other,a1:b1', 'local'],
    wrong: {'a:b': "entry 'a:b' contains invalid ID - storage ID 'a' contains illegal characters\n\n"},
  },
  IPorCIDR: {
    right: ['10.0.0.1', '10.0.0.0/24', 'fd00::/8'],
    wrong: {
      '10.0.0.0/99': 'Prefix length 99 is longer than IP address (32)',
      '10.0.0.1/8': `Invalid prefix ${'00001010000000000000000000000001'}/8`,
      x: 'value does not look like a valid IP address or CIDR network',
    },
  },
  IPorCIDRorAlias: {
    right: ['dc/lan', 'guest/lan', 'lan'],
    wrong: {'10.0.0.0/99': 'Prefix length 99 is longer than IP address (32)'},
  },
  'pve-fw-addr-spec': {
    right: ['', '+lan', '+dc/lan', 'lan', '10.0.0.1,10.0.0.2', '10.0.0.1-10.0.0.9', '1.2.3', 'fd00::1'],
    wrong: {
      '10.0.0.1,': 'extraneous commas in list',
      '10.0.0.1,fd00::1': "detected mixed ipv4/ipv6 addresses in address list '10.0.0.1,fd00::1'",
      '10.0.0.1-10.0.0.2,10.0.0.3': "you can't use a range in a list",
      '10.0.0.9-10.0.0.1': 'invalid IP address: Begin address is greater than End address 10.0.0.9 - 10.0.0.1',
      '1.2.3.4.5': 'invalid IP address: Cannot determine IP version for 1.2.3.4.5',
    },
  },
  'pve-fw-dport-spec': {
    right: ['22', 'ssh,http', '80:90', 'echo-request', ''],
    wrong: {
      '99999': "invalid port '99999'",
      '90:80': "backwards range '90:80' not allowed, did you mean '80:90'?",
      nope: "invalid port 'nope'",
      'echo-request,22': 'ICMP ports not allowed in port range',
      [Array.from({length: 16}, (_, index) => index + 1).join(',')]: 'too many entries in port list (> 15 numbers)',
    },
  },
  'pve-fw-sport-spec': {right: ['1024:65535'], wrong: {'echo-request': "invalid port 'echo-request'"}},
  'pve-fw-protocol-spec': {right: ['tcp', '6', 'icmpv6', 'ipv6-icmp'], wrong: {tpc: "unknown protocol 'tpc'"}},
  'pve-fw-icmp-type-spec': {right: ['any', '255', 'echo-reply'], wrong: {'256': "invalid icmp-type value '256'"}},
  'pve-startup-order': {
    right: ['order=1,up=5,down=10', '3'],
    wrong: {'': 'unable to parse startup options', 'up=': 'unable to parse startup options'},
  },
  'pve-hotplug-features': {right: ['0', '1', 'disk,network,usb'], wrong: {wifi: "invalid hotplug feature 'wifi'"}},
  'pve-cpuset': {right: ['0,5-7'], wrong: {'7-5': 'unable to parse cpuset option'}},
  'pve-ct-timezone': {right: ['host', 'UTC', 'Europe/Berlin'], wrong: {'Mars/Base': "invalid time zone 'Mars/Base'"}},
  'pve-phys-bits': {right: ['host', '8', '64'], wrong: {'65': "value must be an integer between 8 and 64 or 'host'"}},
  'pve-qm-bootdev-list': {
    right: ['scsi0;net0;usb13'],
    wrong: {scsi31: "invalid boot device 'scsi31'", foo0: "invalid boot device 'foo0'"},
  },
  'pve-qm-bootdisk': {right: ['sata5', 'efidisk0'], wrong: {net0: "invalid boot disk 'net0'"}},
  'pve-lxc-dev-string': {right: ['/dev/fuse'], wrong: {'/dev/../etc': '/dev/../etc is not a valid device path'}},
  'pve-lxc-mp-string': {
    right: ['/mnt/data', '/mnt/..x'],
    wrong: {'/mnt/../etc': '/mnt/../etc contains illegal character sequences'},
  },
  'pve-ha-resource-or-vm-id': {
    right: ['vm:100', '100'],
    wrong: {'vm:': 'value does not look like a valid ha resource id'},
  },
  'pve-ha-node-list': {right: ['n1,n2:10'], wrong: {'n1:x': 'value does not look like a valid ha group node'}},
  'pve-replication-job-id': {right: ['100-0'], wrong: {abc: "invalid replication job id 'abc'"}},
  'pve-task-status-type-list': {right: ['ok,Error'], wrong: {bogus: "invalid status 'bogus'"}},
  'pve-calendar-event': {
    right: ['daily'],
    wrong: {'99:99': "invalid calendar event '99:99' - unable to parse calendar event at '99:99'\n"},
  },
  'pve-day-of-week-list': {right: ['mon,tue'], wrong: {monday: "invalid day 'monday'"}},
  urlencoded: {right: ['', 'ssh-ed25519%20AAAA'], wrong: {'a b': 'invalid urlencoded string: a b'}},
  'pem-string': {
    right: ['-----BEGIN PRIVATE KEY-----\nTUlJ\nQg==\n-----END PRIVATE KEY-----\n'],
    wrong: {x: 'not a valid PEM-formatted string.'},
  },
  'pem-certificate-chain': {
    right: [
      '-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----',
    ],
    wrong: {x: 'not a valid PEM-formatted string.'},
  },
  'pve-command-batch': {
    right: ['[{"method":"GET","path":"version"}]'],
    wrong: {'{}': 'commands is not a valid array of commands: Parameter verification failed.'},
  },
}

describe('formats', () => {
  for (const [format, {right, wrong}] of Object.entries(CASES)) {
    it(`${format}: takes what is right and says what is wrong`, () => {
      for (const value of right) expect(problem(format, value), value).to.equal(undefined)
      for (const [value, text] of Object.entries(wrong)) expect(problem(format, value), value).to.equal(`${text}\n`)
    })
  }

  it('follow the version', () => {
    expect(problem('pve-poolid', 'a/b', '7.4')).to.equal("pool name 'a/b' contains invalid characters\n")
    expect(problem('pve-priv-list', 'VM.Monitor', '8.4')).to.equal(undefined)
    expect(problem('disk-size', '4GiB', '8.4')).to.equal('value does not look like a valid disk size: 4GiB\n')
    expect(problem('pve-storage-content', 'import', '7.4')).to.equal("invalid content type 'import'\n")
  })

  it('are known wherever a schema uses one', () => {
    const unknown = new Set<string>()
    for (const version of PVE_VERSIONS) {
      const schema = loadSchema(version)
      const visit = (node: PropertySchema): void => {
        if (
          typeof node.format === 'string' &&
          schema.formats[node.format] === undefined &&
          findFormat(node.format) === undefined
        )
          unknown.add(node.format)
        if (typeof node.format === 'object') Object.values(node.format).forEach((part) => visit(part))
        if (node.items !== undefined) visit(node.items)
        for (const child of [...Object.values(node.properties ?? {}), ...(node.oneOf ?? []), ...(node.allOf ?? [])])
          visit(child)
      }
      for (const {parameters} of schema.methods()) visit(parameters)
      for (const format of Object.values(schema.formats)) Object.values(format).forEach((part) => visit(part))
    }
    expect([...unknown]).to.deep.equal([])
  })
})
