/// Passwords that attackers try first: variants of those that lead every published list, in the languages of our users,
/// and obvious ones for a product like this. Those below the shortest length that any rule allows are left out.
///
/// Some hundred stop guessing online, where lockout allows few tries. Guessing offline is what scrypt is for.
enum CommonPasswords {
    /// - Parameter password: in lower case.
    static func contain(_ password: String) -> Bool {
        all.contains(password)
    }

    private static let all = Set(text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map(String.init))

    private static let text = """
        password password1 password12 password123 password1234 password12345 password123456 password! password1!
        password01 passw0rd passw0rd1 passw0rd123 p@ssword p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword1 p@ssword123
        pa$$word pa$$w0rd mypassword newpassword yourpassword thepassword passwordpassword passpass password2
        password11 password99 1234567890 12345678901 123456789a 123456789q 12345678910 1234567891 0123456789
        0987654321 9876543210 87654321 12345678 123456789 1122334455 11223344 112233445566 1234512345 1231231231
        123123123 123321123 1233211234567 123454321 12341234 123412341234 123456123456 1234567812345678 147258369
        147852369 159753456 159357456 741852963 789456123 789456123a 7894561230 987654321 321321321 123qweasd
        123qweasdzxc 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc 1qazxsw2 1qaz1qaz qazwsxedc qazwsxedcrfv
        qazwsx123 zaq12wsx zaq1zaq1 zaq1xsw2 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qwer1234 qwerty12 qwerty123 qwerty1234
        qwerty12345 qwerty123456 qwertyui qwertyuiop qwertyuiop123 qwertyqwerty qwert12345 qwe123qwe qweasdzxc
        qweasd123 asdfghjk asdfghjkl asdfghjkl123 asdf1234 asdfasdf asdfqwer asdasdasd zxcvbnm1 zxcvbnm123
        zxcvbnmzxcvbnm poiuytrewq mnbvcxz1 abcd1234 abcd12345 abc12345 abc123456 abc123abc abc123456789 abcdefgh
        abcdefg1 abcdef123 abcabcabc a1b2c3d4 a1b2c3d4e5 a123456789 a12345678 a1234567890 aa123456 aa12345678
        aa123456789 q123456789 z123456789 w123456789 admin123 admin1234 admin12345 admin123456 admin1234567
        admin123456789 adminadmin admin2020 admin2021 admin2022 admin2023 admin2024 admin2025 admin2026
        administrator administrator1 admin@123 admin@1234 admin@12345 admin@123456 adminpassword root1234 rootroot
        root123456 toor1234 superuser supervisor superadmin sysadmin changeme changeme1 changeme123 changeit
        changethis default1 default123 letmein1 letmein123 letmeinnow welcome1 welcome12 welcome123 welcome1234
        welcome2023 welcome2024 welcome2025 welcome2026 welcome! test1234 test12345 test123456 testtest testing1
        testing123 testtest123 tester123 temp1234 temppass temporary guest123 guest1234 guestguest user1234
        user12345 useruser demo1234 demodemo secret12 secret123 secretsecret topsecret mysecret server123 computer
        computer1 computer123 internet internet1 internet123 login123 login1234 access123 access14 master12
        master123 mastermaster hello123 hello1234 hello12345 hellohello helloworld iloveyou iloveyou1 iloveyou12
        iloveyou123 iloveyou2 iloveu123 loveyou123 lovelove lovelove123 sunshine sunshine1 sunshine123 princess
        princess1 princess123 football football1 football123 baseball baseball1 baseball123 basketball basketball1
        superman superman1 superman123 batman123 spiderman spiderman1 pokemon123 dragon123 dragon1234 monkey123
        monkey1234 michael1 michael123 jordan23 jordan123 jennifer jennifer1 charlie1 charlie123 samantha anthony1
        jessica1 michelle michelle1 benjamin alexander alexander1 christian christian1 elizabeth elizabeth1 nicholas
        jonathan victoria liverpool liverpool1 chelsea123 arsenal123 manchester manutd123 barcelona barcelona1
        realmadrid juventus starwars starwars1 trustno1 whatever whatever1 blink182 butterfly butterfly1 chocolate
        chocolate1 strawberry sunflower snowball1 snoopy123 shadow123 summer123 summer2023 summer2024 summer2025
        summer2026 winter123 winter2023 winter2024 winter2025 winter2026 spring123 spring2024 spring2025 spring2026
        autumn123 autumn2024 autumn2025 autumn2026 november1 december1 google123 facebook facebook1 facebook123
        linkedin1 linkedin123 samsung1 samsung123 microsoft microsoft1 windows10 windows123 company123 company1
        business1 business123 customer1 customer123 service123 support1 support123 support1234 chatapi123
        chatapi1234 chatbot123 helpdesk1 helpdesk123 agent1234 agent12345 manager123 office123 corvette1 mustang123
        mercedes1 ferrari123 porsche911 yankees1 steelers1 cowboys123 packers123 eagles123 lakers24 freedom1
        freedom123 forever1 forever123 friends1 friends123 family123 blessed1 jesus123 jesuschrist godisgood
        woaini123 woaini1314 woaini520 woaini1314520 5201314520 520131420 a5201314 aini1314 woaiwojia wodemima
        mima1234 qq123456 qq123456789 qq5201314 wang1234 wang123456 zhang123 zhang123456 li123456 liu123456
        chen123456 iloveyou520 1314520520 31415926 3141592653 3141592654 31415926535 11111111 111111111 1111111111
        111111111111 1111122222 00000000 000000000 0000000000 88888888 888888888 8888888888 66666666 666666666
        6666666666 99999999 999999999 9999999999 55555555 5555555555 22222222 2222222222 33333333 44444444 77777777
        7777777777 12121212 1212121212 10203040 1020304050 13131313 20202020 21212121 69696969 12344321 1234554321
        12345677654321 13579246810 1357924680 2468013579 0102030405 aaaaaaaa aaaaaaaaaa abababab abcabc123 aaaa1111
        aaa111222 aabbccdd aabbccddee xxxxxxxx zzzzzzzz qqqqqqqq wwwwwwww azertyuiop azerty123 azertyui azerty12345
        motdepasse motdepasse1 motdepasse123 jetaime123 doudou123 bonjour123 passwort passwort1 passwort123 hallo123
        hallo1234 hallo12345 schatz123 contraseña contrasena contrasena1 contrasena123 senha123 senha1234 senha12345
        brasil123 teamo123 teamo1234 teamomucho qwertz123 qwertzui qwertzuiop parola123 parola1234 haslo123
        haslo1234 polska123 kurwa123 zaq12wsxcde3 matkhau123 anhyeuem sayang123 bismillah bismillah1 bismillah123
        """
}
