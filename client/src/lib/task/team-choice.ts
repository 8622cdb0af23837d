/** A team that the viewer is in. */
export interface TeamChoice {
  id: string;
  name: string;
  viewerCan: { createTask: boolean };
}
