/** A text, words that find it, and words that do not. No other text here may be found by them. */
interface Searched {
  text: string;
  found: string[];
  missed: string[];
}

const of = (text: string, found: string, missed: string): Searched => ({
  text,
  found: found.split(' | '),
  missed: missed.split(' | '),
});

/** Texts in 16 languages, code, paths and numbers, with the words that people expect to find them by. */
export const searchedTexts: Searched[] = [
  of(
    'Überweisung für die Straße in München',
    'über | ÜBERWEISUNG | uberweisung | ueberweisung | straße | STRASSE | strasse | münchen | munchen | muenchen',
    'weisung | str munchen | monchen',
  ),
  of(
    "L'équipe a été à l'Hôtel-Dieu, sœur Zoë",
    "équipe | equipe | EQUIPE | l'équipe | été | ete | hôtel | hotel-dieu | dieu | sœur | soeur | zoe | ZOË",
    'quipe | étés',
  ),
  of(
    'Añadir señal de mañana (¿número?)',
    'añadir | anadir | señal | SENAL | mañana | manana | numero | ¿número?',
    'anadi senal | nada',
  ),
  of(
    'Zażółć gęślą jaźń Łódź',
    'zażółć | zazolc | ZAŻÓŁĆ | gęślą | gesla | jazn | łódź | lodz | Łódź',
    'zolc | lodzi',
  ),
  of(
    'İstanbul’un ISPARTA gülü, ağaç ve ışık',
    'istanbul | İSTANBUL | isparta | ısparta | gülü | gulu | ağaç | agac | ışık | isik',
    'stanbul | isp gulu',
  ),
  of(
    'Ο Οδυσσεύς είδε την ΑΘΗΝΑ',
    'οδυσσεύς | ΟΔΥΣΣΕΥΣ | οδυσσευς | αθηνα | αθήνα | είδε | ειδε',
    'δυσσευς | αθην είδε',
  ),
  of(
    'Привет, ёлка! Мой новый чай',
    'привет | ПРИВЕТ | ёлка | елка | Елка | мой | чай | нов',
    'мои | чаи | ивет',
  ),
  of(
    'الاجتماع في المَدْرَسَة الأولى',
    'الاجتماع | اجتماع | المدرسة | مدرسة | المَدْرَسَة | الأولى | الاولى | اولى',
    'جتماع | درسة',
  ),
  of('שָׁלוֹם לצוות, צה״ל וסיכום פגישה', 'שלום | שָׁלוֹם | לצוות | צה״ל | פגישה', 'לום | גישה'),
  of('हिन्दी में कार्य पूरा करें', 'हिन्दी | कार्य | पूरा | हिन', 'न्दी | रा'),
  of('会议资料：请在明天之前准备好', '会议 | 资料 | 资 | 明天 | 会议资料 | 准备好', '议会 | 料请 | 天明'),
  of(
    '会議、資料を確認するｶﾞｲﾄﾞ',
    '会議 | 資料 | 議 | 資料を確認 | 確認する | ガイド | ｶﾞｲﾄﾞ',
    '議資 | 認確 | カイト',
  ),
  of(
    '회의를 준비하고 보고서를 보내기',
    '회의 | 보고서 | 보고서를 | 준비 | 보 | 회의 보고서',
    '의회 | 서보고',
  ),
  of('ประชุมทีมวันจันทร์', 'ประชุม | ทีม | วันจันทร์ | จันทร์', 'ชุมประ | ศุกร์'),
  of('Họp nhóm ở Đà Nẵng', 'họp | hop | nhóm | đà | da nang | ĐÀ NẴNG | nẵng', 'anang | hopp'),
  of(
    '🚀Launch of the plan—draft “Grace”🎉',
    'launch | 🚀 | 🎉 | plan | draft | grace | GRACE | plan—draft | "the plan"',
    'aunch | 🧵 | raft',
  ),
  of(
    'Fix frontend/login.tsx and src/api/user_profile.avatar_url in List<Invoice>',
    'login | frontend | frontend/login | login.tsx | avatar_url | avatar | user_profile | profile | user_profile.avatar_url | invoice | List<Invoice> | src/api',
    'ogin | avatar/profile | url_avatar',
  ),
  of(
    'CVE-2026-2332: report.pdf, INV-0042, v1.24.3, 10:30, jo@example.com',
    '2332 | CVE-2026-2332 | cve-2026 | pdf | report.pdf | report.p | 0042 | inv-0042 | 1.24 | v1.24 | 1.24.3 | 10:30 | example | jo@example.com | example.com',
    '233 2026 | 42 | 332 | 1.3 | port',
  ),
];

/** Each word with the texts that it must find. */
export function expectedFinds(): Map<string, string[]> {
  const words = new Set(searchedTexts.flatMap(({ found, missed }) => [...found, ...missed]));
  return new Map(
    [...words].map((word) => [
      word,
      searchedTexts.filter(({ found }) => found.includes(word)).map(({ text }) => text),
    ]),
  );
}
