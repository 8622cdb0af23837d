import type { Area } from './wording.ts';

export interface Character {
  name: string;
  email: string;
  timezone: string;
  /** Their areas, the most frequent first. */
  areas: readonly Area[];
  /** Their share of the tasks, relative to others. */
  weight: number;
}

/** Public: the command prints it. */
export const PASSWORD = 'living-dashboard';

/** Addresses under .example cannot belong to real people. */
const character = (
  name: string,
  mailbox: string,
  timezone: string,
  weight: number,
  ...areas: Area[]
): Character => ({ name, email: `${mailbox}@demo.example`, timezone, areas, weight });

/** The owner of the printed account. */
export const lead = character('Ada Nwosu', 'ada', 'Europe/London', 34, 'product', 'team', 'home', 'travel');

export const characters: readonly Character[] = [
  lead,
  character('Mateus Figueiredo', 'mateus', 'America/Sao_Paulo', 8, 'engineering', 'learning', 'family'),
  character('Yuki Hayashida', 'yuki', 'Asia/Tokyo', 7, 'design', 'learning', 'health'),
  character('Fatma Yıldız', 'fatma', 'Europe/Istanbul', 7, 'support', 'family', 'home'),
  character('Lukas Brandstätter', 'lukas', 'Europe/Vienna', 8, 'engineering', 'health', 'travel'),
  character('Priya Raghunathan', 'priya', 'Asia/Kolkata', 8, 'engineering', 'product', 'learning'),
  character('Siobhán Kavanagh', 'siobhan', 'Europe/Dublin', 6, 'outreach', 'travel', 'community'),
  character('Tāne Parata', 'tane', 'Pacific/Auckland', 6, 'engineering', 'community', 'home'),
  character('Leila Farahani', 'leila', 'America/Toronto', 6, 'team', 'office', 'health'),
  character('Kwabena Osei', 'kwabena', 'Africa/Accra', 5, 'office', 'community', 'family'),
  character('Nguyễn Minh Châu', 'chau', 'Asia/Ho_Chi_Minh', 6, 'design', 'product', 'travel'),
  character('Itzel Morales', 'itzel', 'America/Mexico_City', 6, 'support', 'outreach', 'learning'),
  character('Zanele Dube', 'zanele', 'Africa/Johannesburg', 5, 'outreach', 'office', 'family'),
  character('Aleksi Nieminen', 'aleksi', 'Europe/Helsinki', 5, 'engineering', 'health', 'home'),
];
