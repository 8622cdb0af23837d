import type { Client } from '@urql/core';
import { graphql } from '../../gql/gql.ts';
import { describeFailure } from '../api/failure.ts';
import { toasts } from '../ui/toasts.svelte.ts';
import { undoStack } from '../ui/undo.ts';
import { inputOf, type Widget } from './widget.ts';

const UpdateWidgets = graphql(`
  mutation UpdateWidgets($input: UpdateCustomDashboardInput!) {
    updateCustomDashboard(input: $input) {
      customDashboard {
        id
        version
      }
    }
  }
`);

interface Saved {
  id: string;
  version: number;
  widgets: readonly Widget[];
}

/** The widgets of a dashboard while a person changes them. Each change is saved, and can be undone. */
export class DashboardEditor {
  isSaving = $state(false);
  /** What the person sees until the server has it. */
  #draft = $state.raw<readonly Widget[]>();
  /** The version of the last change, which the page may not have yet. */
  #version = 0;
  /** Whether the draft is not saved yet. */
  #isArranging = false;
  readonly #client: Client;
  readonly #saved: () => Saved | undefined;

  constructor(client: Client, saved: () => Saved | undefined) {
    this.#client = client;
    this.#saved = saved;
    // A later version replaces the draft.
    $effect(() => {
      const version = saved()?.version ?? 0;
      if (version >= this.#version && !this.isSaving && !this.#isArranging) this.#draft = undefined;
    });
  }

  get widgets(): readonly Widget[] {
    return this.#draft ?? this.#saved()?.widgets ?? [];
  }

  /** Shows an arrangement without saving it. */
  arrange(widgets: readonly Widget[]): void {
    this.#isArranging = true;
    this.#draft = widgets;
  }

  /** Saves the arrangement that is shown, or shows the saved one again. */
  settle(before: readonly Widget[] | null): void {
    this.#isArranging = false;
    if (before) void this.#change(this.widgets, before, 'Dashboard arranged');
    else this.#draft = undefined;
  }

  /** @returns whether it was saved. */
  async put(widget: Widget): Promise<boolean> {
    const before = this.widgets;
    const isNew = before.every(({ key }) => key !== widget.key);
    const next = isNew
      ? [...before, widget]
      : before.map((each) => (each.key === widget.key ? widget : each));
    return this.#change(next, before, isNew ? 'Widget added' : 'Widget changed');
  }

  async remove({ key }: Widget): Promise<void> {
    const before = this.widgets;
    await this.#change(
      before.filter((each) => each.key !== key),
      before,
      'Widget removed',
    );
  }

  async #change(next: readonly Widget[], before: readonly Widget[], done: string): Promise<boolean> {
    const failure = await this.#save(next);
    if (failure !== undefined) {
      toasts.show(failure);
      return false;
    }
    const undone = 'Dashboard restored';
    undoStack.add({ done, undone, undo: () => this.#save(before) });
    return true;
  }

  /** @returns the reason if it fails; then the saved widgets are shown again. */
  async #save(widgets: readonly Widget[]): Promise<string | undefined> {
    const saved = this.#saved();
    if (!saved) return 'The dashboard is no longer there.';
    this.#draft = widgets;
    this.isSaving = true;
    const version = Math.max(saved.version, this.#version);
    const input = { id: saved.id, version, widgets: widgets.map(inputOf) };
    const { data, error } = await this.#client.mutation(UpdateWidgets, { input }).toPromise();
    this.isSaving = false;
    if (data) this.#version = data.updateCustomDashboard.customDashboard.version;
    else this.#draft = undefined;
    return error && describeFailure(error).message;
  }
}
