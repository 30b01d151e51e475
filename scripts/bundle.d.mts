import type {Metafile} from 'esbuild'

export function bundle(outdir: string, options?: {readonly write?: boolean}): Promise<Metafile>
