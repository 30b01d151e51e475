import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../../cli/base-command.js'
import {placementTable} from '../../../cli/output/placement-table.js'
import {placementFlags, policyOf, type PlacementFlags} from '../../../cli/placement-flags.js'
import {planOfSpec} from '../../../cli/placement-spec.js'
import {placementService} from '../../../cli/wiring/placement.js'
import {failure} from '../../../domain/failure.js'
import {guestLabel} from '../../../domain/guest.js'
import type {GuestPlacement} from '../../../services/placement-service.js'
import type {PlacementReport} from '../../../services/guest-create-report.js'

type SpecPlacement = PlacementReport & {readonly name: string}
type Outcome = GuestPlacement | readonly SpecPlacement[]

export default class PlacementExplain extends BaseCommand<Outcome> {
  static override summary = 'Explain where a guest could be, or where a new VM would go.'
  static override description = `Shows every node: the points that speak for it, or the one reason why it is out. Changes nothing.

A node is out when it is offline or in maintenance, lacks a storage, bridge or mapped device of the guest, when HA would not leave the guest there, or when its memory \
would be taken beyond the ceiling. What counts is the configured memory of all guests that run there, plus what the node uses beyond that.

Points: memory 100 (the share that is free afterwards), spread 30 (far from guests called alike, web-1 and web-2, or with the same tags), affinity 20 (what its HA rule \
prefers), cpu 20 (idle processors), stay 10 (where it is already).
The ceiling is that of --memory-ceiling, else placement.memoryCeiling of the context, else 90 %.

For a description: what "vm create -f", or with --type lxc "lxc create -f", would do, by the same rules.`

  static override args = {
    name: Args.string({
      description: 'A VM or container, by name or VMID; or the description of a new one, NAME.yaml or NAME.json.',
      required: false,
      ignoreStdin: true,
    }),
  }

  static override examples = [
    '<%= config.bin %> <%= command.id %> web',
    {description: 'May it go there?', command: '<%= config.bin %> <%= command.id %> web --to pve2'},
    '<%= config.bin %> <%= command.id %> db --with-local-disks --memory-ceiling 80',
    {description: 'A VM that is not there yet', command: '<%= config.bin %> <%= command.id %> web.yaml'},
    '<%= config.bin %> <%= command.id %> web --jq ".rejected[].reason"',
  ]

  static override flags = {
    file: Flags.string({
      char: 'f',
      description: 'Description of a new VM, as for "vm create"; "-" is stdin.',
      helpValue: 'FILE',
    }),
    to: Flags.string({
      description: 'Only this node; fails with the reason where it cannot take it.',
      helpValue: 'NODE',
    }),
    type: Flags.option({
      description: 'What the file describes.',
      options: ['vm', 'lxc'] as const,
      default: 'vm',
    })(),
    ...placementFlags,
  }

  async run(): Promise<Outcome> {
    const {args, flags} = await this.parse(PlacementExplain)
    const file = flags.file ?? (isSpec(args.name) ? args.name : undefined)
    if ((args.name === undefined) === (flags.file === undefined)) {
      this.fail(
        failure('usage', 'name one guest, or the description of a new one', {
          hint: 'Give NAME, or -f FILE',
          details: {field: 'name'},
        }),
      )
    }

    return file === undefined ? this.explainGuest(args.name ?? '', flags) : this.explainSpec(file, flags)
  }

  private async explainGuest(name: string, flags: PlacementFlags & {readonly to?: string | undefined}) {
    const service = await this.use(placementService)
    const found = await this.unwrap(service.explain(name, policyOf(flags, await this.settings()), flags.to))
    const {guest, node, ranked, reason, rejected} = found
    const verdict = node === guest.node ? `best where it is, on ${node}` : `best on ${node}`
    return this.present(found, {
      nameKey: 'node',
      text: `${placementTable(ranked, rejected)}\n${guestLabel(guest)}: ${flags.to === undefined ? verdict : `can go to ${node}`} (${reason})`,
    })
  }

  private async explainSpec(
    file: string,
    {to: node, type, ...flags}: PlacementFlags & {readonly to?: string | undefined; readonly type: 'lxc' | 'vm'},
  ): Promise<Outcome> {
    const {prompt, runtime, signal, surroundings} = this
    const input = {prompt, runtime, signal, surroundings}
    const spec = {file, node, type: type === 'vm' ? ('qemu' as const) : type, ceilingPercent: flags['memory-ceiling']}
    const plans = await this.unwrap(planOfSpec(spec, await this.settings(), input, await this.services()))
    const placements = plans.map(({name, placement}): SpecPlacement => ({name, ...placement}))
    return this.present<Outcome, never>(placements, {text: placements.map((one) => specText(one)).join('\n\n')})
  }
}

/** A guest of such a name has a VMID, too. */
function isSpec(name: string | undefined): boolean {
  return /\.(?:json|ya?ml)$/.test(name ?? '')
}

function specText({name, node, ranked = [], reason, rejected}: SpecPlacement): string {
  return [...(ranked.length > 0 ? [placementTable(ranked, rejected)] : []), `${name}: on ${node} (${reason})`].join(
    '\n',
  )
}
