import {Flags} from '@oclif/core'
import {accessFlags, type AccessFlags} from './access-flags.js'
import type {ContainerAsk} from './container-create-ask.js'
import {countFlag, sizeFlag} from './flags.js'
import {defined} from './guest-create-ask.js'
import {askOfGuestFlags, guestCreateFlags, type FlagValues} from './guest-create-flags.js'
import {textFlag as text, textsFlag as texts} from './text-flags.js'

const network = (description: string, helpValue: string) => text(description, helpValue, 'NETWORK')

/** What `lxc create` is told about the container. */
export const containerFlags = {
  oci: text(
    'Image to make it of instead of a template, with its tag: docker.io/library/nginx:1.27. Proxmox VE 9.1.',
    'REFERENCE',
    'SOURCE',
  ),
  download: Flags.boolean({
    description: 'Fetch the template from the catalogue, if no storage has it.',
    helpGroup: 'SOURCE',
  }),
  'template-storage': text('Storage to fetch a template or image to.', 'STORAGE', 'SOURCE'),
  cores: countFlag({description: 'CPU cores; by default all of the node.', max: 8192}),
  memory: sizeFlag({description: 'Memory, as 2GiB; 512 MiB by default.'}),
  swap: sizeFlag({description: 'Swap, as 512MiB; 0 for none.'}),
  'disk-size': sizeFlag({
    description: 'Size of the root file system, as 16GiB; 8 GiB by default.',
    exclusive: ['rootfs'],
  }),
  rootfs: text('Root file system in full: local-lvm:16GiB,mountoptions=noatime.', 'DISK'),
  mount: texts('Mount point: local-lvm:32GiB,mp=/data,backup; repeatable.', 'DISK'),
  privileged: Flags.boolean({description: "Root in it is root on the node. Don't, unless you must."}),
  nesting: Flags.boolean({
    allowNo: true,
    description: 'Let it run containers of its own; what systemd wants today. On unless --privileged.',
  }),
  feature: texts('Further feature, as keyctl or mount=nfs; root@pam only.', 'FEATURE'),
  timezone: text('Time zone, as Europe/Berlin, or host.', 'ZONE'),
  net: texts(
    'NIC in full: name=eth1,bridge=vmbr1,ip=dhcp; repeatable. With it, the short flags describe none. "none" for no NIC.',
    'NET',
    'NETWORK',
  ),
  bridge: network('Bridge of NICs that name none.', 'BRIDGE'),
  vlan: network('VLAN tag of the NIC.', 'TAG'),
  mac: network('Address of the NIC; by default one of its own.', 'MAC'),
  ip: network('IPv4 address with its prefix, or dhcp (the default).', 'CIDR'),
  gateway: network('IPv4 gateway.', 'ADDRESS'),
  ip6: network('IPv6 address with its prefix, auto or dhcp.', 'CIDR'),
  gateway6: network('IPv6 gateway.', 'ADDRESS'),
  firewall: Flags.boolean({description: "Put the NIC behind Proxmox VE's firewall.", helpGroup: 'NETWORK'}),
  'no-net': Flags.boolean({
    description: 'No network at all.',
    helpGroup: 'NETWORK',
    exclusive: ['net', 'ip', 'ip6', 'bridge'],
  }),
  dns: texts('Name servers; by default those of the node.', 'ADDRESS[,ADDRESS]', 'NETWORK'),
  search: network('Search domain.', 'DOMAIN'),
  ...accessFlags('ACCESS', "root's"),
  ...guestCreateFlags,
}

export type ContainerFlags = FlagValues<typeof containerFlags> & AccessFlags

/** What was typed, under the names that a file has for it. */
export function askOfContainerFlags(
  args: {readonly name?: string | undefined; readonly template?: string | undefined},
  flags: ContainerFlags,
): ContainerAsk {
  const {bridge, cores, gateway, gateway6, ip, ip6, mac, memory, nesting, oci, rootfs, swap, timezone, vlan} = flags
  return defined({
    ...askOfGuestFlags(args.name, flags),
    ...{template: args.template, oci, templateStorage: flags['template-storage'], cores, memory, swap, rootfs},
    ...{diskSize: flags['disk-size'], mounts: flags.mount, nesting, features: flags.feature, timezone},
    ...{nets: flags['no-net'] ? ['none'] : flags.net, bridge, vlan, mac, ip, gateway, ip6, gateway6},
    ...{dns: flags.dns, searchDomain: flags.search, download: flags.download || undefined},
    ...{privileged: flags.privileged || undefined, firewall: flags.firewall || undefined},
  }) as ContainerAsk
}
